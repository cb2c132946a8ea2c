//! The settings that change results, as text: they are written beside the results.

use crate::Config;

/// Settings by name. No thread count, no path root, no host, no wall time: the same input gives
/// the same output, byte for byte.
pub(crate) fn settings_text(config: &Config) -> Vec<(String, String)> {
    let timeouts = &config.flow.timeouts;
    let seconds = |nanos: i64| (nanos as f64 / 1e9).to_string();
    let list = [
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("features", config.features.join(",")),
        ("without", config.without.join(",")),
        ("signs", format!("{:?}", config.signs)),
        ("anonymized", config.anonymize.is_some().to_string()),
        ("filter", config.filter.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("no_split", config.flow.no_split.to_string()),
        ("tcp_idle_timeout_s", seconds(timeouts.tcp_idle)),
        ("other_idle_timeout_s", seconds(timeouts.other_idle)),
        ("active_timeout_s", seconds(timeouts.active)),
        ("linger_s", seconds(timeouts.linger)),
        ("reopen_s", seconds(timeouts.reopen)),
        ("fragment_timeout_s", seconds(timeouts.fragment)),
        ("clock_jump_max_s", seconds(timeouts.clock_jump_max)),
        ("initiator", format!("{:?}", config.flow.initiator)),
        ("key_ignore", format!("{:?}", config.flow.key_ignore)),
        ("population", format!("{:?}", config.flow.population)),
        ("limits", format!("{:?}", config.flow.limits)),
        ("log_limits", format!("{:?}", config.log)),
        ("app_layer", format!("{:?}", config.app_layer)),
        ("said_limits", format!("{:?}", config.said)),
        ("events", config.events.join(",")),
        ("ip_headers_max", config.wire.ip_headers_max.to_string()),
        ("verify_checksums", config.wire.verify_checksums.to_string()),
        ("window", format!("{:?}", config.window)),
        ("dedup_ns", config.dedup.map(|window| window.to_string()).unwrap_or_default()),
        ("order", format!("{:?}", config.output.order)),
        ("rotated", config.rotated.to_string()),
        ("label_path", config.labels.pattern().into()),
        ("labels", config.labels.names().join(",")),
    ];
    list.into_iter().map(|(name, value)| (format!("flowloom.{name}"), value)).collect()
}

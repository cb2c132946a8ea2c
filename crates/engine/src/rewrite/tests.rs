//! Words about frames to ranges.

use super::FrameRange;

#[test]
fn ranges_of_frames_are_read() {
    let range = |text: &str| text.parse::<FrameRange>().map(|range| (range.first, range.last));
    assert_eq!(range("10-20"), Ok((10, 20)));
    assert_eq!(range("7"), Ok((7, 7)));
    assert_eq!(range("100-"), Ok((100, u64::MAX)));
    assert_eq!(range("-5"), Ok((1, 5)));
    for wrong in ["", "-", "5-1", "0", "0-2", "a", "1-2-3", "-0"] {
        assert!(range(wrong).is_err(), "{wrong}");
    }
}

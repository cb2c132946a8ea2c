//! Values on their way into a log.

use std::borrow::Cow;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    /// There is none.
    None,
    Bool(bool),
    Int(i64),
    Real(f64),
    /// Nanoseconds since the epoch.
    Time(i64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    /// Named values, where the format has such.
    Object(Vec<(&'static str, Value<'a>)>),
}

impl<'a> Value<'a> {
    pub(crate) fn is_none(&self) -> bool {
        *self == Self::None
    }

    /// None in the place of a list of nothing.
    pub(crate) fn unless_empty(self) -> Self {
        if self == Self::List(Vec::new()) { Self::None } else { self }
    }

    pub(crate) fn texts(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(|text| Self::Text(text.into())).collect())
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value<'_> {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

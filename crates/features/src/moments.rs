//! Central moments, stably.

/// Sums of powers of the deviations from the mean.
///
/// Deviations are taken from exact integers, so that a small spread of large values keeps all its
/// digits. Two sets of values are joined as in Pébay, "Formulas for Robust, One-Pass Parallel
/// Computation of Covariances and Arbitrary-Order Statistical Moments" (SAND2008-6212), 2008.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: f64,
    pub(crate) mean: f64,
    pub(crate) m2: f64,
    pub(crate) m3: f64,
    pub(crate) m4: f64,
}

impl Moments {
    /// The moments of `count` integers whose sum is `sum`; each comes with how often it occurs,
    /// and is worth `unit`.
    pub(crate) fn of(
        values: impl Iterator<Item = (i64, u64)>,
        count: u64,
        sum: i128,
        unit: f64,
    ) -> Self {
        let n = count as f64;
        let mut moments = Self { count: n, mean: sum as f64 / n * unit, ..Self::default() };
        if count == 0 {
            return Self::default();
        }
        for (value, times) in values {
            // Exact but for one rounding: the difference is an integer over `count`.
            let deviation = (i128::from(value) * i128::from(count) - sum) as f64 / n * unit;
            let square = deviation * deviation;
            let times = times as f64;
            moments.m2 += times * square;
            moments.m3 += times * square * deviation;
            moments.m4 += times * square * square;
        }
        moments
    }

    /// The moments of both sets of values together.
    pub(crate) fn join(self, other: Self) -> Self {
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let (a, b) = (self.count, other.count);
        let n = a + b;
        let delta = other.mean - self.mean;
        let step = delta / n;
        let square = step * step;
        Self {
            count: n,
            mean: self.mean + step * b,
            m2: self.m2 + other.m2 + delta * step * a * b,
            m3: self.m3
                + other.m3
                + delta * square * a * b * (a - b)
                + 3.0 * step * (a * other.m2 - b * self.m2),
            m4: self.m4
                + other.m4
                + delta * step * square * a * b * (a * a - a * b + b * b)
                + 6.0 * square * (a * a * other.m2 + b * b * self.m2)
                + 4.0 * step * (a * other.m3 - b * self.m3),
        }
    }

    /// Population variance.
    pub(crate) fn variance(&self) -> f64 {
        self.m2 / self.count
    }

    /// Skewness m₃ / m₂^1.5; the caller knows that the spread is not zero.
    pub(crate) fn skewness(&self) -> f64 {
        let variance = self.variance();
        self.m3 / self.count / (variance * variance.sqrt())
    }

    /// Excess kurtosis m₄ / m₂² − 3; the caller knows that the spread is not zero.
    pub(crate) fn kurtosis(&self) -> f64 {
        let variance = self.variance();
        self.m4 / self.count / (variance * variance) - 3.0
    }
}

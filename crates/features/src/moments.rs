//! Central moments, stably.

/// Count and sum of integers, and the sums of powers of their deviations from the mean.
///
/// Means are kept as the integers they are the quotient of, so that a small spread of large values
/// keeps all its digits, in one set of values and when two sets are joined. Joining is as in Pébay,
/// "Formulas for Robust, One-Pass Parallel Computation of Covariances and Arbitrary-Order
/// Statistical Moments" (SAND2008-6212), 2008.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Moments {
    pub(crate) count: u64,
    pub(crate) sum: i128,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    /// The moments of `count` integers whose sum is `sum`, and none of which is further from 0 than
    /// `widest`; `weighted` gives an integer and how often it occurs.
    pub(crate) fn of<T>(
        values: &[T],
        (count, sum): (u64, i128),
        widest: u64,
        weighted: impl Fn(&T) -> (i64, u64),
    ) -> Self {
        let n = count as f64;
        // Exact but for two roundings: the difference is an integer over `count`.
        let in_i128 = |value: i64| (i128::from(value) * i128::from(count) - sum) as f64 / n;
        // The same, where nothing overflows; the mean is no further out than the outermost value.
        if u128::from(widest) * u128::from(count) < 1 << 62 {
            let (count_i64, sum_i64) = (count as i64, sum as i64);
            let in_i64 = |value: i64| (value * count_i64 - sum_i64) as f64 / n;
            Self::of_deviations(values, (count, sum), weighted, in_i64)
        } else {
            Self::of_deviations(values, (count, sum), weighted, in_i128)
        }
    }

    fn of_deviations<T>(
        values: &[T],
        (count, sum): (u64, i128),
        weighted: impl Fn(&T) -> (i64, u64),
        deviation: impl Fn(i64) -> f64,
    ) -> Self {
        let mut moments = Self { count, sum, ..Self::default() };
        // Sums of short sums: one long sum would round as often as there are values.
        for part in values.chunks(PART) {
            let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
            for (value, times) in part.iter().map(&weighted) {
                let deviation = deviation(value);
                let square = deviation * deviation;
                let times = times as f64;
                m2 += times * square;
                m3 += times * square * deviation;
                m4 += times * square * square;
            }
            moments.m2 += m2;
            moments.m3 += m3;
            moments.m4 += m4;
        }
        moments
    }

    /// The moments of both sets of values together.
    pub(crate) fn join(self, other: Self) -> Self {
        if self.count == 0 || other.count == 0 {
            return if self.count == 0 { other } else { self };
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let apart = other.sum * i128::from(self.count) - self.sum * i128::from(other.count);
        let delta = apart as f64 / (a * b);
        let step = delta / n;
        let square = step * step;
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
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

    /// Arithmetic mean.
    pub(crate) fn mean(&self) -> f64 {
        self.sum as f64 / self.count as f64
    }

    /// Population variance.
    pub(crate) fn variance(&self) -> f64 {
        self.m2 / self.count as f64
    }

    /// Skewness m₃ / m₂^1.5; the caller knows that the spread is not zero.
    pub(crate) fn skewness(&self) -> f64 {
        let variance = self.variance();
        self.m3 / self.count as f64 / (variance * variance.sqrt())
    }

    /// Excess kurtosis m₄ / m₂² − 3; the caller knows that the spread is not zero.
    pub(crate) fn kurtosis(&self) -> f64 {
        let variance = self.variance();
        self.m4 / self.count as f64 / (variance * variance) - 3.0
    }
}

/// Values that are added up one by one.
const PART: usize = 256;

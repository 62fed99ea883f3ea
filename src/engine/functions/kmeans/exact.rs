//! Sums of doubles that do not depend on the order: each number is taken as a whole multiple of one small unit.
//!
//! What is called for each number is inlined, in whichever part of the crate it is compiled.

/// The unit, so that numbers up to a bound have 62 bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Units in 1 are the product of the two: of the smallest doubles there are more than a double can say.
    per_unit: [f64; 2],
}

impl Grid {
    /// For numbers of at most this size. Larger ones are taken for it.
    pub fn up_to(bound: f64) -> Grid {
        // Of a bound of 0 every unit will do.
        let exponent = 61 - bound.log2().ceil().clamp(-1074.0, 1024.0) as i32;
        let half = exponent / 2;
        Grid { per_unit: [half, exponent - half].map(|exponent| f64::powi(2.0, exponent)) }
    }

    /// In units.
    #[inline]
    pub fn units(self, number: f64) -> i64 {
        (number * self.per_unit[0] * self.per_unit[1]) as i64
    }

    /// The same, of which a sum of 2⁶⁴ fits.
    #[inline]
    pub fn whole(self, number: f64) -> i128 {
        i128::from(self.units(number))
    }

    /// A sum of units as a number, rounded once.
    #[inline]
    pub fn number(self, sum: i128) -> f64 {
        sum as f64 / self.per_unit[0] / self.per_unit[1]
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn sums_are_exact_where_doubles_are_and_the_same_in_any_order() {
        let grid = Grid::up_to(100.0);
        let sum = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| grid.whole(x)).sum::<i128>();
        assert_eq!(grid.number(sum(&mut (0..=100).map(f64::from))), 5050.0);
        let numbers: Vec<f64> = (0..1000).map(|i| f64::from(i).sin() * 99.0).collect();
        assert_eq!(sum(&mut numbers.iter().copied()), sum(&mut numbers.iter().rev().copied()));
        let plain: f64 = numbers.iter().sum();
        assert!((grid.number(sum(&mut numbers.iter().copied())) - plain).abs() < 1e-10);
        assert_eq!(Grid::up_to(0.0).number(Grid::up_to(0.0).whole(0.0)), 0.0);
        for number in [f64::MAX, f64::MIN_POSITIVE, 1e300, 1e-300, f64::from_bits(1)] {
            let grid = Grid::up_to(number);
            assert_eq!(grid.number(grid.whole(number) + grid.whole(-number / 2.0)), number - number / 2.0);
        }
    }
}

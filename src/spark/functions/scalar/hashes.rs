//! `hash(…)` and `xxhash64(…)`: over the values, each with the hash of those before it as its seed; nulls leave it as it is.
//!
//! <https://spark.apache.org/docs/latest/api/sql/index.html#hash>: Murmur3, but that the bytes behind the last whole word are mixed
//! one by one, as Spark's `Murmur3_x86_32.hashUnsafeBytes` does and others do not.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::ScalarUDF;
use twox_hash::XxHash64;

use super::row::{RowCall, function, udfs};
use crate::spark::sql_types::{self, canonical, has_map};

/// A way to hash values from a seed.
trait Mixer: 'static {
    type Hash: Copy;
    const SEED: Self::Hash;
    fn of_int(number: i32, seed: Self::Hash) -> Self::Hash;
    fn of_long(number: i64, seed: Self::Hash) -> Self::Hash;
    fn of_bytes(bytes: &[u8], seed: Self::Hash) -> Self::Hash;
}

struct Murmur;

struct Xx;

impl Mixer for Murmur {
    type Hash = i32;
    const SEED: i32 = 42;

    fn of_int(number: i32, seed: i32) -> i32 {
        finished(mixed(seed, number), 4)
    }

    fn of_long(number: i64, seed: i32) -> i32 {
        finished(mixed(mixed(seed, number as i32), (number >> 32) as i32), 8)
    }

    fn of_bytes(bytes: &[u8], seed: i32) -> i32 {
        let words = bytes.chunks_exact(4);
        let rest = words.remainder();
        let mut hash = seed;
        for word in words {
            hash = mixed(hash, i32::from_le_bytes([word[0], word[1], word[2], word[3]]));
        }
        for byte in rest {
            hash = mixed(hash, i32::from(*byte as i8));
        }
        finished(hash, bytes.len() as i32)
    }
}

impl Mixer for Xx {
    type Hash = u64;
    const SEED: u64 = 42;

    fn of_int(number: i32, seed: u64) -> u64 {
        Self::of_bytes(&number.to_le_bytes(), seed)
    }

    fn of_long(number: i64, seed: u64) -> u64 {
        Self::of_bytes(&number.to_le_bytes(), seed)
    }

    fn of_bytes(bytes: &[u8], seed: u64) -> u64 {
        XxHash64::oneshot(seed, bytes)
    }
}

pub fn all() -> Vec<Arc<ScalarUDF>> {
    udfs([
        function(
            "hash",
            |name, types| taken(name, types, DataType::Int32),
            |call| {
                let hashers = hashers::<Murmur>(call)?;
                call.ints(|row| Ok(Some(hashers.iter().fold(Murmur::SEED, |seed, hash| hash(row, seed)))))
            },
        ),
        function(
            "xxhash64",
            |name, types| taken(name, types, DataType::Int64),
            |call| {
                let hashers = hashers::<Xx>(call)?;
                call.longs(|row| Ok(Some(hashers.iter().fold(Xx::SEED, |seed, hash| hash(row, seed)) as i64)))
            },
        ),
    ])
}

fn taken(name: &str, types: &[DataType], gives: DataType) -> Result<(Vec<DataType>, DataType)> {
    if types.is_empty() {
        return plan_err!("[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] `{name}` takes one argument or more");
    }
    let taken = types.iter().map(|given| match canonical(given) {
        Some(wanted) if !has_map(&wanted) => Ok(wanted),
        _ => plan_err!("[DATATYPE_MISMATCH.HASH_MAP_TYPE] `{name}` does not take \"{}\"", sql_types::name(given)),
    });
    Ok((taken.collect::<Result<_>>()?, gives))
}

fn hashers<'a, M: Mixer>(call: &'a RowCall) -> Result<Vec<Hasher<'a, M>>> {
    call.args.iter().map(|array| hasher::<M>(array.as_ref())).collect()
}

/// The hash of a row's value, from a seed.
type Hasher<'a, M> = Box<dyn Fn(usize, <M as Mixer>::Hash) -> <M as Mixer>::Hash + 'a>;

fn hasher<'a, M: Mixer>(values: &'a dyn Array) -> Result<Hasher<'a, M>> {
    macro_rules! numbers {
        ($kind:ty, $hash:expr) => {{
            let numbers = values.as_primitive::<$kind>();
            Box::new(move |row: usize, seed: M::Hash| $hash(numbers.value(row), seed))
        }};
    }
    let hash: Hasher<'a, M> = match values.data_type() {
        DataType::Null => Box::new(|_, seed| seed),
        DataType::Boolean => {
            let flags = values.as_boolean();
            Box::new(|row, seed| M::of_int(i32::from(flags.value(row)), seed))
        }
        DataType::Int8 => numbers!(Int8Type, |number: i8, seed| M::of_int(number.into(), seed)),
        DataType::Int16 => numbers!(Int16Type, |number: i16, seed| M::of_int(number.into(), seed)),
        DataType::Int32 => numbers!(Int32Type, M::of_int),
        DataType::Date32 => numbers!(Date32Type, M::of_int),
        DataType::Int64 => numbers!(Int64Type, M::of_long),
        DataType::Timestamp(..) => numbers!(TimestampMicrosecondType, M::of_long),
        DataType::Float32 => numbers!(Float32Type, |number: f32, seed| M::of_int(float_bits(number), seed)),
        DataType::Float64 => numbers!(Float64Type, |number: f64, seed| M::of_long(double_bits(number), seed)),
        DataType::Decimal128(..=18, _) => {
            numbers!(Decimal128Type, |number: i128, seed| M::of_long(number as i64, seed))
        }
        DataType::Decimal128(..) => {
            numbers!(Decimal128Type, |number: i128, seed| M::of_bytes(&fewest_bytes(number), seed))
        }
        DataType::Utf8 => {
            let texts = values.as_string::<i32>();
            Box::new(|row, seed| M::of_bytes(texts.value(row).as_bytes(), seed))
        }
        DataType::Binary => {
            let binaries = values.as_binary::<i32>();
            Box::new(|row, seed| M::of_bytes(binaries.value(row), seed))
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let hash = hasher::<M>(lists.values().as_ref())?;
            let places = lists.value_offsets();
            Box::new(move |row, seed| {
                (places[row] as usize..places[row + 1] as usize).fold(seed, |seed, at| hash(at, seed))
            })
        }
        DataType::Struct(_) => {
            let columns = values.as_struct().columns().iter();
            let hashers = columns.map(|column| hasher::<M>(column.as_ref())).collect::<Result<Vec<_>>>()?;
            Box::new(move |row, seed| hashers.iter().fold(seed, |seed, hash| hash(row, seed)))
        }
        other => return exec_err!("{other} has no hash"),
    };
    Ok(Box::new(move |row, seed| if values.is_null(row) { seed } else { hash(row, seed) }))
}

/// Java's `floatToIntBits`: there is one NaN; and -0.0 is 0.0.
fn float_bits(number: f32) -> i32 {
    if number.is_nan() { 0x7fc0_0000 } else { (number + 0.0).to_bits() as i32 }
}

fn double_bits(number: f64) -> i64 {
    if number.is_nan() { 0x7ff8_0000_0000_0000 } else { (number + 0.0).to_bits() as i64 }
}

/// `BigInteger.toByteArray`: big-endian, without bytes that only repeat the sign.
fn fewest_bytes(number: i128) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let is_needless = |at: &usize| {
        let repeats_sign = if number < 0 { 0xff } else { 0 };
        bytes[*at] == repeats_sign && (bytes[at + 1] ^ repeats_sign) & 0x80 == 0
    };
    let start = (0..15).take_while(is_needless).count();
    bytes[start..].to_vec()
}

fn mixed(hash: i32, word: i32) -> i32 {
    let word = word.wrapping_mul(0xcc9e_2d51_u32 as i32).rotate_left(15).wrapping_mul(0x1b87_3593);
    (hash ^ word).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64_u32 as i32)
}

fn finished(hash: i32, length: i32) -> i32 {
    let mut hash = (hash ^ length) as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    (hash ^ (hash >> 16)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_sparks() {
        // Asked of PySpark 4.3: `hash(x)`.
        assert_eq!(Murmur::of_bytes(b"Spark", 42), 228_093_765);
        assert_eq!(Murmur::of_int(-1, 42), -1_604_776_387);
        assert_eq!(Murmur::of_long(1, 42), -1_712_319_331);
        assert_eq!(Murmur::of_long(double_bits(-0.0), 42), -1_670_924_195);
        assert_eq!(Xx::of_bytes(b"Spark", 42) as i64, -4_294_468_057_691_064_905);
    }

    #[test]
    fn bytes_are_as_few_as_tell_the_number() {
        for (number, bytes) in [(0, &[0][..]), (127, &[127]), (128, &[0, 128]), (-128, &[128]), (-129, &[255, 127])] {
            assert_eq!(fewest_bytes(number), bytes, "{number}");
        }
    }
}

//! Small numbers as Parquet writes them: where eight or more in a row are equal as a run, else packed bit by bit.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>

/// A header of packed groups is one byte as long as there are no more than these.
const MOST_GROUPS: usize = 63;

/// Bits that every number up to `highest` fits in.
pub(super) fn width(highest: u32) -> u32 {
    u32::BITS - highest.leading_zeros()
}

/// Appends the numbers, each of `width` bits at most.
pub(super) fn append(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut at, mut packed_from) = (0, 0);
    while at < numbers.len() {
        let run = run_of(&numbers[at..]);
        if run >= 8 {
            append_packed(&numbers[packed_from..at], width, out);
            append_run(numbers[at], run, width, out);
            at += run;
            packed_from = at;
        } else {
            at = numbers.len().min(at + 8);
        }
    }
    append_packed(&numbers[packed_from..], width, out);
}

/// One number, so many times.
pub(super) fn append_run(number: u32, times: usize, width: u32, out: &mut Vec<u8>) {
    append_varint((times as u64) << 1, out);
    out.extend_from_slice(&number.to_le_bytes()[..width.div_ceil(8) as usize]);
}

/// How many are equal to the first. Only eight or more count, so that most are looked at once.
fn run_of(numbers: &[u32]) -> usize {
    let Some(first) = numbers.first_chunk::<8>() else { return 0 };
    match first.iter().all(|number| *number == first[0]) {
        true => numbers.iter().take_while(|number| **number == first[0]).count(),
        false => 0,
    }
}

/// The last group may be short of numbers; then it ends with zeros.
fn append_packed(numbers: &[u32], width: u32, out: &mut Vec<u8>) {
    for some in numbers.chunks(MOST_GROUPS * 8) {
        out.push((some.len().div_ceil(8) << 1 | 1) as u8);
        for group in some.chunks(8) {
            let mut eight = [0; 8];
            eight[..group.len()].copy_from_slice(group);
            append_group(eight, width, out);
        }
    }
}

/// Eight numbers take as many bytes as one has bits.
fn append_group(numbers: [u32; 8], width: u32, out: &mut Vec<u8>) {
    let bytes = width as usize;
    match width {
        0..=8 => {
            let packed = numbers.iter().rev().fold(0u64, |packed, number| packed << width | u64::from(*number));
            out.extend_from_slice(&packed.to_le_bytes()[..bytes]);
        }
        9..=16 => {
            let packed = numbers.iter().rev().fold(0u128, |packed, number| packed << width | u128::from(*number));
            out.extend_from_slice(&packed.to_le_bytes()[..bytes]);
        }
        _ => {
            let (mut packed, mut bits) = (0u64, 0);
            for number in numbers {
                packed |= u64::from(number) << bits;
                bits += width;
                while bits >= 8 {
                    out.push(packed as u8);
                    packed >>= 8;
                    bits -= 8;
                }
            }
        }
    }
}

/// Seven bits in a byte, the lowest first; all bytes but the last have their highest bit set.
fn append_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut numbers = vec![];
        let next = |bytes: &mut &[u8], count: usize| {
            let (some, rest) = bytes.split_at(count);
            *bytes = rest;
            some.to_vec()
        };
        while numbers.len() < count {
            let (mut header, mut shift) = (0, 0);
            loop {
                let byte = u64::from(next(&mut bytes, 1)[0]);
                header |= (byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if header & 1 == 0 {
                let mut value = [0; 4];
                let of = next(&mut bytes, width.div_ceil(8) as usize);
                value[..of.len()].copy_from_slice(&of);
                numbers.extend(std::iter::repeat_n(u32::from_le_bytes(value), (header >> 1) as usize));
            } else {
                let packed = next(&mut bytes, (header >> 1) as usize * width as usize);
                let bit = |i: usize| u32::from(packed[i / 8] >> (i % 8) & 1);
                let number = |n: usize| (0..width as usize).fold(0, |all, i| all | bit(n * width as usize + i) << i);
                numbers.extend((0..(header >> 1) as usize * 8).map(number));
            }
        }
        assert!(bytes.is_empty(), "{} bytes are left", bytes.len());
        assert!(numbers.drain(count..).all(|padding| padding == 0));
        numbers
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            width in 0u32..=32,
            runs in proptest::collection::vec((any::<u32>(), prop_oneof![1usize..4, 7usize..40]), 0..300),
        ) {
            let mask = (1u64 << width) - 1;
            let numbers: Vec<u32> = runs
                .iter()
                .flat_map(|(number, times)| std::iter::repeat_n((u64::from(*number) & mask) as u32, *times))
                .collect();
            let mut bytes = vec![];
            append(&numbers, width, &mut bytes);
            prop_assert_eq!(read(&bytes, width, numbers.len()), numbers);
        }
    }

    #[test]
    fn a_width_is_that_of_the_highest_number() {
        assert_eq!([0, 1, 2, 3, 4, 255, 256].map(width), [0, 1, 2, 2, 3, 8, 9]);
    }
}

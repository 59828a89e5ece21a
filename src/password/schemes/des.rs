//! DES for old hashes (FIPS 46-3): crypt(3) needs salted rounds, Oracle 10 and LM need plain blocks.

use std::sync::OnceLock;

/// Initial permutation; bit numbers count from 1 at the most significant end, as FIPS 46-3 prints them.
#[rustfmt::skip]
const INITIAL: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
#[rustfmt::skip]
const FINAL: [u8; 64] = [
    40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31, 38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
    36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27, 34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
];
#[rustfmt::skip]
const PERMUTATION: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
#[rustfmt::skip]
const CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
#[rustfmt::skip]
const CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
/// The eight S-boxes, four rows of sixteen each.
#[rustfmt::skip]
const BOXES: [[u8; 64]; 8] = [
    [14, 4, 13, 1, 2, 15, 11, 8, 3, 10, 6, 12, 5, 9, 0, 7, 0, 15, 7, 4, 14, 2, 13, 1, 10, 6, 12, 11, 9, 5, 3, 8,
     4, 1, 14, 8, 13, 6, 2, 11, 15, 12, 9, 7, 3, 10, 5, 0, 15, 12, 8, 2, 4, 9, 1, 7, 5, 11, 3, 14, 10, 0, 6, 13],
    [15, 1, 8, 14, 6, 11, 3, 4, 9, 7, 2, 13, 12, 0, 5, 10, 3, 13, 4, 7, 15, 2, 8, 14, 12, 0, 1, 10, 6, 9, 11, 5,
     0, 14, 7, 11, 10, 4, 13, 1, 5, 8, 12, 6, 9, 3, 2, 15, 13, 8, 10, 1, 3, 15, 4, 2, 11, 6, 7, 12, 0, 5, 14, 9],
    [10, 0, 9, 14, 6, 3, 15, 5, 1, 13, 12, 7, 11, 4, 2, 8, 13, 7, 0, 9, 3, 4, 6, 10, 2, 8, 5, 14, 12, 11, 15, 1,
     13, 6, 4, 9, 8, 15, 3, 0, 11, 1, 2, 12, 5, 10, 14, 7, 1, 10, 13, 0, 6, 9, 8, 7, 4, 15, 14, 3, 11, 5, 2, 12],
    [7, 13, 14, 3, 0, 6, 9, 10, 1, 2, 8, 5, 11, 12, 4, 15, 13, 8, 11, 5, 6, 15, 0, 3, 4, 7, 2, 12, 1, 10, 14, 9,
     10, 6, 9, 0, 12, 11, 7, 13, 15, 1, 3, 14, 5, 2, 8, 4, 3, 15, 0, 6, 10, 1, 13, 8, 9, 4, 5, 11, 12, 7, 2, 14],
    [2, 12, 4, 1, 7, 10, 11, 6, 8, 5, 3, 15, 13, 0, 14, 9, 14, 11, 2, 12, 4, 7, 13, 1, 5, 0, 15, 10, 3, 9, 8, 6,
     4, 2, 1, 11, 10, 13, 7, 8, 15, 9, 12, 5, 6, 3, 0, 14, 11, 8, 12, 7, 1, 14, 2, 13, 6, 15, 0, 9, 10, 4, 5, 3],
    [12, 1, 10, 15, 9, 2, 6, 8, 0, 13, 3, 4, 14, 7, 5, 11, 10, 15, 4, 2, 7, 12, 9, 5, 6, 1, 13, 14, 0, 11, 3, 8,
     9, 14, 15, 5, 2, 8, 12, 3, 7, 0, 4, 10, 1, 13, 11, 6, 4, 3, 2, 12, 9, 5, 15, 10, 11, 14, 1, 7, 6, 0, 8, 13],
    [4, 11, 2, 14, 15, 0, 8, 13, 3, 12, 9, 7, 5, 10, 6, 1, 13, 0, 11, 7, 4, 9, 1, 10, 14, 3, 5, 12, 2, 15, 8, 6,
     1, 4, 11, 13, 12, 3, 7, 14, 10, 15, 6, 8, 0, 5, 9, 2, 6, 11, 13, 8, 1, 4, 10, 7, 9, 5, 0, 15, 14, 2, 3, 12],
    [13, 2, 8, 4, 6, 15, 11, 1, 10, 9, 3, 14, 5, 0, 12, 7, 1, 15, 13, 8, 10, 3, 7, 4, 12, 5, 6, 11, 0, 14, 9, 2,
     7, 11, 4, 1, 9, 12, 14, 2, 0, 6, 10, 13, 15, 3, 5, 8, 2, 1, 14, 7, 4, 10, 8, 13, 15, 12, 9, 0, 3, 5, 6, 11],
];

/// Selects the bits in a table out of the lower `width` bits of a number.
fn permute(number: u64, width: u32, table: &[u8]) -> u64 {
    table.iter().fold(0, |out, bit| out << 1 | (number >> (width - u32::from(*bit)) & 1))
}

/// Each S-box followed by the permutation, for all six-bit inputs.
fn tables() -> &'static [[u32; 64]; 8] {
    static TABLES: OnceLock<[[u32; 64]; 8]> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables = [[0; 64]; 8];
        for ((table, values), place) in tables.iter_mut().zip(&BOXES).zip(0_u32..) {
            for (entry, input) in table.iter_mut().zip(0_usize..) {
                // The outer two bits choose the row, the inner four the column.
                let at = (input >> 4 & 2 | input & 1) << 4 | input >> 1 & 15;
                let value = u64::from(values.get(at).copied().unwrap_or(0)) << (28 - 4 * place);
                *entry = u32::try_from(permute(value, 32, &PERMUTATION)).unwrap_or(0);
            }
        }
        tables
    })
}

/// A key schedule: sixteen round keys of 48 bits.
pub(super) struct Des([u64; 16]);

impl Des {
    /// The schedule of an eight-byte key; parity bits are ignored.
    pub fn new(key: u64) -> Self {
        let chosen = permute(key, 64, &CHOICE_1);
        let (mut left, mut right) = (chosen >> 28, chosen & 0xfff_ffff);
        let mut keys = [0; 16];
        for (round, shift) in keys.iter_mut().zip(SHIFTS) {
            let turn = |half: u64| (half << shift | half >> (28 - shift)) & 0xfff_ffff;
            (left, right) = (turn(left), turn(right));
            *round = permute(left << 28 | right, 56, &CHOICE_2);
        }
        Self(keys)
    }

    /// Encrypts one block.
    pub fn encrypt(&self, block: u64) -> u64 {
        self.encrypt_salted(block, 0, 1)
    }

    /// Encrypts a block `times` over; each set bit of the salt swaps two bits of the expanded half.
    pub fn encrypt_salted(&self, block: u64, salt: u32, times: u64) -> u64 {
        let tables = tables();
        let block = permute(block, 64, &INITIAL);
        let (mut left, mut right) = (block >> 32, block & 0xffff_ffff);
        // Bit i of the salt, least first, swaps bits i and i + 24 counted from the most significant of 48.
        let swap = u64::from((salt & 0xff_ffff).reverse_bits() >> 8);
        for _ in 0..times {
            for key in &self.0 {
                let expanded = expand(right);
                let swapped = (expanded >> 24 ^ expanded) & swap;
                let input = expanded ^ swapped ^ swapped << 24 ^ key;
                let output = tables.iter().zip([42, 36, 30, 24, 18, 12, 6, 0]).fold(0, |output, (table, shift)| {
                    let at = usize::try_from(input >> shift & 63).unwrap_or(0);
                    output | u64::from(table.get(at).copied().unwrap_or(0))
                });
                (left, right) = (right, left ^ output);
            }
            (left, right) = (right, left);
        }
        permute(left << 32 | right, 64, &FINAL)
    }
}

/// The expansion of a half to 48 bits, by shifts: six bits around every four.
fn expand(half: u64) -> u64 {
    // Bit 32 before and bit 1 after the half, so that every group of six is a window.
    let wide = (half & 1) << 33 | half << 1 | half >> 31;
    (0..8_u32).fold(0, |expanded, group| expanded << 6 | (wide >> (28 - 4 * group) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rustfmt::skip]
    const EXPANSION: [u8; 48] = [
        32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
        16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
    ];

    #[test]
    fn known_answers() {
        assert_eq!(Des::new(0x1334_5779_9bbc_dff1).encrypt(0x0123_4567_89ab_cdef), 0x85e8_1354_0f0a_b405);
        assert_eq!(Des::new(0).encrypt(0), 0x8ca6_4de9_c1b1_23a7);
    }

    #[test]
    fn shifts_expand_as_the_table_does() {
        for half in [0, 1, 0x8000_0000, 0xdead_beef, 0xffff_ffff, 0x0123_4567] {
            assert_eq!(expand(half), permute(half, 32, &EXPANSION));
        }
    }
}

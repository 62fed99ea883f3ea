//! The files that both start from, made from a seed: lines of orders as many writers leave them, and the orders.

use std::fmt::Write;

const SEED: u64 = 42;
const LINES_OF_AN_ORDER: u64 = 4;
const MODES: [&str; 7] = ["AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK"];
const PRIORITIES: [&str; 5] = ["1-urgent", "2-high", "3-medium", "4-not specified", "5-low"];
const GROWS: &str = "text grows as long as there is memory";

/// CSV of so many lines, in no order. One in three is there in an older form, too; one in a hundred is beyond mending.
pub fn lines_csv(lines: u64) -> String {
    let mut csv =
        String::from("order_id,line,product,quantity,price,discount,flag,mode,shipped,received,comment,updated\n");
    for place in 0..lines {
        write_line(&mut csv, shuffled(place, lines), false);
        let older = shuffled((place + lines / 2) % lines, lines);
        if Chance::of(older).below(3) == 0 {
            write_line(&mut csv, older, true);
        }
    }
    csv
}

/// CSV of their orders; priorities are in small letters behind a blank.
pub fn orders_csv(lines: u64) -> String {
    let mut csv = String::from("order_id,customer,ordered,priority\n");
    for id in 0..lines.div_ceil(LINES_OF_AN_ORDER) {
        let mut chance = Chance::of(!id);
        let (customer, month, day) = (chance.below(100_000), 1 + chance.below(12), 1 + chance.below(28));
        let priority = PRIORITIES[chance.below(5) as usize];
        writeln!(csv, "{id},{customer},1992-{month:02}-{day:02}, {priority}").expect(GROWS);
    }
    csv
}

fn write_line(csv: &mut String, number: u64, older: bool) {
    let mut chance = Chance::of(number);
    let (_, dirt) = (chance.below(3), chance.below(200));
    let (order, line) = (number / LINES_OF_AN_ORDER, number % LINES_OF_AN_ORDER + 1);
    let (product, quantity) = (chance.below(200_000), if older { 1 } else { 1 + chance.below(50) });
    let (price, cents, discount) = (900 + chance.below(100_000), chance.below(100), chance.below(11));
    let (flag, mode) = (["A", "N", "R"][chance.below(3) as usize], MODES[chance.below(7) as usize]);
    let (year, month, day) = (1992 + chance.below(7), 1 + chance.below(12), 1 + chance.below(28));
    let quantity = match dirt {
        0 => "n/a".to_string(),
        1..40 => format!(" {quantity}.00 "),
        _ => format!("{quantity}.00"),
    };
    let shipped = if dirt == 40 { 33 } else { day };
    let flag = if dirt % 7 == 0 { format!("{} ", flag.to_lowercase()) } else { flag.to_string() };
    let mode = if dirt % 11 == 0 { mode.to_lowercase() } else { mode.to_string() };
    let (words, hour) = (chance.below(1_000_000), if older { 11 } else { 12 });
    write!(csv, "{order},{line},{product},{quantity},{price}.{cents:02},0.{discount:02},{flag},{mode},").expect(GROWS);
    write!(csv, "{year}-{month:02}-{shipped:02},{year}-{month:02}-28,\"sleep furiously, {words} times \",")
        .expect(GROWS);
    writeln!(csv, "{year}-{month:02}-28 {hour}:00:00").expect(GROWS);
}

/// Each number below `count` for one place: the factor is a prime greater than any count here.
fn shuffled(place: u64, count: u64) -> u64 {
    place * 2_654_435_761 % count
}

/// SplitMix64: what one number's chances are depends on the number alone.
struct Chance(u64);

impl Chance {
    fn of(number: u64) -> Self {
        Chance(SEED ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// From 0 to `limit` - 1.
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((mixed ^ (mixed >> 31)) >> 32) * limit) >> 32
    }
}

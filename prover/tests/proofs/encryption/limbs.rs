//! No digits but those of its binary slices stand for a quantity that a layout cuts.

use pulseproof_packing::{Layout, LayoutRequest, Quantity};

use super::equations::{Cell, Form, equations};
use super::lists::{public_key, request};
use crate::common::rng;

/// All that Σ number·digit over these terms can be `rest` with, each digit from its own range.
fn solutions(rest: i128, terms: &[(i128, i128)]) -> Vec<Vec<i128>> {
    let Some((&(number, most), others)) = terms.split_first() else {
        return if rest == 0 { vec![Vec::new()] } else { Vec::new() };
    };
    let (mut all, fits) = (Vec::new(), (0..=most).take_while(|digit| digit * number <= rest));
    for digit in fits {
        for mut lower in solutions(rest - digit * number, others) {
            lower.push(digit);
            all.push(lower);
        }
    }
    all
}

fn limbs_are_slices(maximum: i64, summands: u64) {
    let request = request(1, (0, maximum), (0, maximum / 2), summands);
    let layout = Layout::plan(LayoutRequest { totals: false, ..request }).unwrap();
    let mut forms: Vec<(usize, Form)> = Vec::new();
    equations(&layout, &public_key(&mut rng(1)), 4096, |e, form| forms.push((e, form.clone())));
    // Behind the seven equations of the slot.
    let forms = forms.into_iter().filter(|(e, _)| (4096 + 7..).contains(e)).map(|(_, form)| form);
    // What a digit may be, where its multiple must be a digit, too.
    let mut narrow = Vec::new();
    let mut fields = Vec::new();
    for form in forms {
        match form.terms[..] {
            [(Cell::Digit(_), 1), (Cell::Digit(top), scale)] => narrow.push((top, 4095 / -scale)),
            [(Cell::Value(0), 1), ..] => fields.push((Quantity::Sum, 1, form)),
            [(Cell::Square(0), 1), ..] => fields.push((Quantity::SumOfSquares, 2, form)),
            _ => panic!("an equation of no cut: {form:?}"),
        }
    }
    assert!(!fields.is_empty());
    for (field, power, form) in fields {
        let limbs: Vec<_> = layout.limbs().iter().filter(|limb| limb.field == field).collect();
        // One digit for each limb here, the highest first.
        let mut terms: Vec<_> = form.terms[1..]
            .iter()
            .map(|&(cell, number)| {
                let narrowed = narrow.iter().find(|&&(top, _)| cell == Cell::Digit(top));
                (-number, narrowed.map_or(4095, |&(_, most)| most))
            })
            .collect();
        assert_eq!(terms.len(), limbs.len());
        terms.reverse();
        for x in 0..=maximum {
            let value = u128::from(x.unsigned_abs()).pow(power);
            let slices: Vec<_> = limbs.iter().map(|limb| i128::from(limb.of(value))).collect();
            assert_eq!(solutions(value.cast_signed(), &terms), [slices], "{field} of {x}");
        }
    }
}

#[test]
fn only_binary_slices_stand_for_a_quantity() {
    // Limbs of one bit, of two, and of several.
    limbs_are_slices(9, 1 << 17);
    limbs_are_slices(30, 50_000);
    limbs_are_slices(200, 8000);
}

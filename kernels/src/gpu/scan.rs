//! Running sums and products: plans over the kernels of `scan`.

use super::launch::{Parameters, count};
use super::vector::code;
use super::{Buffer, Gpu, Unit};
use crate::backend::Binary;
use crate::backend::arguments::check_scan;
use crate::error::Error;
use crate::field::KernelField;

impl Gpu {
    /// Replaces each row by its running sums or products: chunks first, then the totals of chunks in the
    /// same way, then every chunk takes up the total of those before it.
    pub(super) fn scan_rows<F: KernelField>(
        &self,
        op: Binary,
        a: &Buffer<F>,
        row: usize,
    ) -> Result<(), Error> {
        self.own(a)?;
        check_scan(op, a.len(), row)?;
        count(a.len())?;
        let rows = a.len() / row;
        if rows == 0 {
            return Ok(());
        }
        // All memory before the first kernel: without it `a` stays as it is.
        let mut totals = vec![self.allocate(rows * row.div_ceil(self.workgroup()))?];
        while let Some(last) = totals.last().filter(|last| last.len() > rows) {
            totals.push(self.allocate(rows * (last.len() / rows).div_ceil(self.workgroup()))?);
        }
        let levels: Vec<&Buffer<F>> = std::iter::once(a).chain(&totals).collect();
        for level in levels.windows(2) {
            self.scan_level("scan_chunks", op, rows, level[0], level[1])?;
        }
        // The last totals are those of whole rows, which nothing takes up.
        for level in levels.windows(2).rev().skip(1) {
            self.scan_level("scan_apply", op, rows, level[0], level[1])?;
        }
        Ok(())
    }

    fn scan_level<F: KernelField>(
        &self,
        entry: &'static str,
        op: Binary,
        rows: usize,
        values: &Buffer<F>,
        totals: &Buffer<F>,
    ) -> Result<(), Error> {
        let (row, chunks) = (values.len() / rows, totals.len() / rows);
        let parameters = Parameters::new(&[count(rows)?, count(row)?, count(chunks)?, code(op)]);
        let buffers = [self.own(values)?, self.own(totals)?];
        self.start(Unit::Scan(F::ID), entry, totals.len(), &buffers, &parameters)
    }
}

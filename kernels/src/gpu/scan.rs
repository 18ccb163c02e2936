//! Running sums and products: plans over the kernels of `scan`.

use super::launch::{Parameters, count};
use super::vector::code;
use super::{Buffer, Device, Gpu, Unit};
use crate::backend::Binary;
use crate::backend::arguments::check_scan;
use crate::error::Error;
use crate::field::KernelField;

impl<D: Device> Gpu<D> {
    /// Replaces each row by its running sums or products: chunks first, then the totals of chunks in the
    /// same way, then every chunk takes up the total of those before it.
    pub(super) fn scan_rows<F: KernelField>(
        &self,
        op: Binary,
        a: &Buffer<D, F>,
        row: usize,
    ) -> Result<(), Error> {
        let values = self.own(a)?;
        check_scan(op, a.len(), row)?;
        count(a.len())?;
        let rows = a.len() / row;
        let chunks = row.div_ceil(self.workgroup());
        let groups = rows * chunks;
        let totals: Buffer<D, F> = self.allocate(groups)?;
        let buffers = [values, self.own(&totals)?];
        let parameters = Parameters::new(&[count(rows)?, count(row)?, count(chunks)?, code(op)]);
        let unit = Unit::Scan(F::ID);
        self.start(unit, "scan_chunks", groups, &buffers, &parameters)?;
        if chunks > 1 {
            self.scan_rows(op, &totals, chunks)?;
            self.start(unit, "scan_apply", groups, &buffers, &parameters)?;
        }
        Ok(())
    }
}

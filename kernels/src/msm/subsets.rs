//! Sums of subsets of points, on the CPU: many for little more than one addition a point.

use super::plan::WINDOW_MAX;
use crate::error::Error;
use crate::group::Group;

/// Most subsets at a time.
pub const SUBSETS_MAX: u32 = WINDOW_MAX - 1;

/// Points of which subsets are summed.
#[derive(Debug)]
pub struct Subsets<G: Group> {
    prepared: G::Prepared,
    points: usize,
}

impl<G: Group> Subsets<G> {
    /// Prepares points.
    ///
    /// # Errors
    /// There are nearly [`BASES_MAX`](super::BASES_MAX) or more.
    pub fn new(points: &[G::Affine]) -> Result<Self, Error> {
        Ok(Self { prepared: G::prepare(points)?, points: points.len() })
    }

    /// For each k below `count` the sum of the points whose mask has bit k. Takes an addition for each point,
    /// and two or three for each of 2^`count` masks.
    ///
    /// # Errors
    /// A count of zero or over [`SUBSETS_MAX`], as many masks as points missing, a mask of 2^`count` or more.
    pub fn sums(&self, masks: &[u32], count: u32) -> Result<Vec<G>, Error> {
        if count == 0 || count > SUBSETS_MAX {
            let expected = "1 to 19";
            return Err(Error::Argument { what: "subsets", got: count.into(), expected });
        }
        if masks.len() != self.points {
            let expected = format!("{}, one for each point", self.points);
            return Err(Error::Length { what: "masks", got: masks.len(), expected });
        }
        if let Some(mask) = masks.iter().find(|&&mask| mask >> count != 0) {
            let expected = "below 2 to the number of subsets";
            return Err(Error::Argument { what: "mask", got: (*mask).into(), expected });
        }
        Ok(G::subset_sums(&self.prepared, masks, count))
    }
}

//! A device of which there is none: stands for a backend that was left out of the build, so that
//! programs are the same with it and without.

use std::ops::Range;

use crate::backend::BackendKind;
use crate::error::Error;
use crate::gpu::{Launch, Limits};

/// No value of this type exists.
#[derive(Clone, Copy, Debug)]
pub enum Device {}

impl crate::gpu::Device for Device {
    type Memory = Self;

    fn kind(&self) -> BackendKind {
        match *self {}
    }

    fn limits(&self) -> Limits {
        match *self {}
    }

    fn generation(&self) -> u64 {
        match *self {}
    }

    fn available_bytes(&self) -> Result<u64, Error> {
        match *self {}
    }

    fn allocate(&self, _: usize) -> Result<Self, Error> {
        match *self {}
    }

    fn write(
        &self,
        _: &Self,
        _: usize,
        _: usize,
        _: &mut dyn FnMut(usize, &mut [u64]),
    ) -> Result<(), Error> {
        match *self {}
    }

    fn read(
        &self,
        _: &Self,
        _: Range<usize>,
        _: &mut dyn FnMut(usize, &[u64]),
    ) -> Result<(), Error> {
        match *self {}
    }

    fn copy(&self, _: &Self, _: Range<usize>, _: &Self, _: usize) -> Result<(), Error> {
        match *self {}
    }

    fn launch(&self, _: &Launch<'_, Self>) -> Result<(), Error> {
        match *self {}
    }

    fn synchronize(&self) -> Result<(), Error> {
        match *self {}
    }
}

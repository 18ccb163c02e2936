//! The processor: all cores, and AVX-512 IFMA where the machine has it.

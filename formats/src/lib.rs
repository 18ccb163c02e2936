//! iden3's binary files, as circom and snarkjs write them: `.ptau`, `.r1cs`, `.wtns`, `.zkey`.
//!
//! Nothing is read that was not first found to fit the file, and nothing allocated that it does not hold.

//! Groth16 proofs (Groth, EUROCRYPT 2016) of any circom circuit, in snarkjs's formats.

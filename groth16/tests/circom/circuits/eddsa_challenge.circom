pragma circom 2.0.0;
include "circomlib/circuits/poseidon.circom";

// The hash that an EdDSA signature answers: what the tests sign with.
component main = Poseidon(5);

pragma circom 2.0.0;
include "circomlib/circuits/sha256/sha256.circom";

// SHA-256 of 55 bytes: one block with its padding.
component main = Sha256(440);

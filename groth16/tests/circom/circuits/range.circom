pragma circom 2.0.0;
include "circomlib/circuits/bitify.circom";

// Two secret values of 64 bits with a public sum.
template Range() {
    signal input x;
    signal input y;
    signal output sum;
    component bits[2];
    for (var i = 0; i < 2; i++) {
        bits[i] = Num2Bits(64);
        bits[i].in <== i == 0 ? x : y;
    }
    sum <== x + y;
}

component main = Range();

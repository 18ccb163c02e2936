pragma circom 2.0.0;
include "circomlib/circuits/eddsaposeidon.circom";

// A signature on a public message under a public key.
template Signed() {
    signal input key[2];
    signal input message;
    signal input nonce[2];
    signal input s;
    component verifier = EdDSAPoseidonVerifier();
    verifier.enabled <== 1;
    verifier.Ax <== key[0];
    verifier.Ay <== key[1];
    verifier.R8x <== nonce[0];
    verifier.R8y <== nonce[1];
    verifier.S <== s;
    verifier.M <== message;
}

component main {public [key, message]} = Signed();

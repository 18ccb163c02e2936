// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// Verifies Groth16 proofs of one circuit on BLS12-381. Points are encoded as in EIP-2537.
contract Groth16Verifier {
    /// Inputs are below the order of the groups, so that each statement has one form.
    uint256 private constant ORDER = $ORDER;

    /// The point of the constant one, then that of each input, each with its scalar; those of the inputs
    /// are filled in.
    bytes private constant TERMS =$TERMS;

    /// (A, B), (-alpha, beta), (X, -gamma), (C, -delta); A, B, X and C are filled in.
    bytes private constant PAIRS =$PAIRS;

    function verifyProof(
        bytes calldata a,
        bytes calldata b,
        bytes calldata c //?none
        bytes calldata c, //?some
        uint256[$INPUTS] calldata input //?some
    ) external view returns (bool ok) {
        if (a.length != 0x80 || b.length != 0x100 || c.length != 0x80) return false;
        bytes memory terms = TERMS;
        bytes memory pairs = PAIRS;
        assembly ("memory-safe") {
            let pair := add(pairs, 0x20)
            ok := 1
            let scalars := add(terms, 0x140) //?some
            for { let i := 0 } lt(i, $INPUTS) { i := add(i, 1) } { //?some
                let scalar := calldataload(add(input, mul(i, 0x20))) //?some
                ok := and(ok, lt(scalar, ORDER)) //?some
                mstore(add(scalars, mul(i, 0xa0)), scalar) //?some
            } //?some
            ok := and(ok, staticcall(gas(), 0x0c, add(terms, 0x20), mload(terms), add(pair, 0x300), 0x80))
            calldatacopy(pair, a.offset, 0x80)
            calldatacopy(add(pair, 0x80), b.offset, 0x100)
            calldatacopy(add(pair, 0x480), c.offset, 0x80)
            ok := and(ok, staticcall(gas(), 0x0f, pair, 0x600, 0, 0x20))
            ok := and(ok, mload(0))
        }
    }
}

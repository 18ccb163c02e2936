// SPDX-License-Identifier: Apache-2.0 OR MIT
pragma solidity ^0.8.20;

/// Verifies Groth16 proofs of one circuit on BN254.
contract Groth16Verifier {
    /// Inputs are below the order of the groups, so that each statement has one form.
    uint256 private constant ORDER = $ORDER;

    /// The point of the constant one, then that of each input.
    bytes private constant TERMS =$TERMS;

    /// (A, B), (-alpha, beta), (X, -gamma), (C, -delta); A, B, X and C are filled in.
    bytes private constant PAIRS =$PAIRS;

    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c //?none
        uint256[2] calldata c, //?some
        uint256[$INPUTS] calldata input //?some
    ) external view returns (bool ok) {
        bytes memory terms = TERMS;
        bytes memory pairs = PAIRS;
        assembly ("memory-safe") {
            let term := add(terms, 0x20)
            let pair := add(pairs, 0x20)
            // A sum, a point and its scalar: what is added lies side by side, as the precompiles want it.
            let sum := mload(0x40)
            mstore(sum, mload(term))
            mstore(add(sum, 0x20), mload(add(term, 0x20)))
            ok := 1
            for { let i := 0 } lt(i, $INPUTS) { i := add(i, 1) } { //?some
                let scalar := calldataload(add(input, mul(i, 0x20))) //?some
                term := add(term, 0x40) //?some
                mstore(add(sum, 0x40), mload(term)) //?some
                mstore(add(sum, 0x60), mload(add(term, 0x20))) //?some
                mstore(add(sum, 0x80), scalar) //?some
                ok := and(ok, lt(scalar, ORDER)) //?some
                ok := and(ok, staticcall(gas(), 7, add(sum, 0x40), 0x60, add(sum, 0x40), 0x40)) //?some
                ok := and(ok, staticcall(gas(), 6, sum, 0x80, sum, 0x40)) //?some
            } //?some
            calldatacopy(pair, a, 0x40)
            calldatacopy(add(pair, 0x40), b, 0x80)
            mstore(add(pair, 0x180), mload(sum))
            mstore(add(pair, 0x1a0), mload(add(sum, 0x20)))
            calldatacopy(add(pair, 0x240), c, 0x40)
            ok := and(ok, staticcall(gas(), 8, pair, 0x300, 0, 0x20))
            ok := and(ok, mload(0))
        }
    }
}

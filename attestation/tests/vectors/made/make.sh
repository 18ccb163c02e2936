#!/usr/bin/env bash
# Makes keys and certificates like AMD's, for tests of what real reports do not show. INSECURE: the key is published.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pss=(-sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48 -sigopt rsa_mgf1_md:sha384)
days=(-days 3650)
subject() { echo "/OU=INSECURE/C=US/O=Made for tests/CN=$1"; }

# Roots and authorities: RSA. Their keys are thrown away.
authority() { # FILE NAME ISSUER
    openssl genrsa -out "$work/$1.key" 4096 2>/dev/null
    openssl req -new -key "$work/$1.key" -subj "$(subject "$2")" -out "$work/$1.csr"
    local by=(-signkey "$work/$1.key")
    [ "$3" = - ] || by=(-CA "$work/$3.pem" -CAkey "$work/$3.key" -set_serial 65537)
    openssl x509 -req -in "$work/$1.csr" "${by[@]}" "${pss[@]}" "${days[@]}" -out "$work/$1.pem" 2>/dev/null
    openssl x509 -in "$work/$1.pem" -outform der -out "$1.der"
}
authority ark ARK-Test -
authority ask SEV-Test ark
authority asvk SEV-VLEK-Test ark
authority other-ark ARK-Test -
authority other-ask SEV-Test other-ark

# The key that signs reports.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -outform der -out "$work/key.der"
openssl pkcs8 -topk8 -nocrypt -inform der -in "$work/key.der" -outform der -out key-INSECURE.der
openssl pkey -inform der -in key-INSECURE.der -out "$work/key.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/p256.pem"

oid=1.3.6.1.4.1.3704.1
tcb() { # FMC BOOTLOADER TEE SNP MICROCODE
    [ "$1" = - ] || printf '%s.3.9=ASN1:INTEGER:%d\n' $oid "$1"
    printf '%s=ASN1:INTEGER:%d\n' $oid.3.1 "$2" $oid.3.2 "$3" $oid.3.3 "$4" $oid.3.8 "$5"
}
leaf() { # FILE NAME ISSUER KEY, extensions on standard input
    openssl req -new -key "$work/$4" -subj "$(subject "$2")" -out "$work/$1.csr"
    openssl x509 -req -in "$work/$1.csr" -CA "$work/$3.pem" -CAkey "$work/$3.key" -set_serial 0 "${pss[@]}" "${days[@]}" \
        -extfile /dev/stdin -outform der -out "$1.der" 2>/dev/null
}
chip=$(printf '11%.0s' {1..64})
{ tcb - 3 1 8 115; echo "$oid.4=DER:$chip"; } | leaf vcek SEV-VCEK ask key.pem
{ tcb - 3 1 8 115; echo "$oid.4=ASN1:FORMAT:HEX,OCT:$chip"; } | leaf vcek-wrapped SEV-VCEK ask key.pem
{ tcb 2 3 1 8 115; echo "$oid.4=DER:1111111111111111"; } | leaf vcek-turin SEV-VCEK ask key.pem
{ tcb - 3 1 8 115; echo "$oid.4=DER:$chip"; } | leaf vcek-p256 SEV-VCEK ask p256.pem
{ tcb - 3 1 8 115; echo "$oid.4=DER:$chip"; } | leaf vcek-other SEV-VCEK other-ask key.pem
{ tcb - 3 1 8 115; echo "$oid.5=ASN1:IA5STRING:a-cloud"; } | leaf vlek SEV-VLEK asvk key.pem

#!/usr/bin/env python3
"""A gateway that is no Rust program: readings in, a verified sum out.

    examples/gateway.py register --region north --profile north.profile --keys keys
    echo '{"device": "meter-17", "readings": [101, 98]}' | examples/gateway.py sum --region north --epoch 7 \\
        --profile north.profile --keys keys --out results --insecure-key

Everything but cryptography is HTTP and Python's standard library: `pulseproof seal` encrypts, commits, signs and
proves, and `pulseproof verify` believes nobody. The token is in PULSEPROOF_TOKEN: an operator's to register, a
gateway's to sum. Whoever was cut off starts over, and finds what is there.
"""

import argparse
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """The appliance said no, and why."""


class Appliance:
    """An appliance over HTTP, as its /openapi.json says."""

    def __init__(self, url, token, authority):
        self.url, self.token = url.rstrip("/"), token
        self.tls = ssl.create_default_context(cafile=authority) if url.startswith("https:") else None

    def ask(self, method, path, body=None, kind="application/octet-stream", **headers):
        """Asks, and asks again when told to."""
        request = urllib.request.Request(self.url + path, body, method=method)
        request.add_header("Content-Type", kind)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        for _ in range(20):
            try:
                with urllib.request.urlopen(request, timeout=90, context=self.tls) as answer:
                    return answer.read()
            except urllib.error.HTTPError as refusal:
                patience = refusal.headers.get("Retry-After")
                if patience is None:
                    raise Refused(why(refusal)) from None
                time.sleep(int(patience) if patience.isdigit() else 1)
        raise Refused(f"{method} {path}: it never had time")

    def tell(self, method, path, value, **headers):
        """Sends JSON, and reads JSON if there is any."""
        answer = self.ask(method, path, json.dumps(value).encode(), "application/json", **headers)
        return json.loads(answer) if answer else None


def why(refusal):
    """A problem document in one line."""
    try:
        problem = json.loads(refusal.read())
        return f"{problem['status']} {problem['title']}: {problem['detail']}"
    except (ValueError, KeyError):
        return str(refusal)


def run(*command, given=None):
    """Runs the program; what it says on standard error is for people."""
    return subprocess.run(command, input=given, stdout=subprocess.PIPE, check=True).stdout


def facts(program, file):
    """What `pulseproof keys show` says of a file, line by line: a name, and a value."""
    lines = run(program, "keys", "show", file).decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


# What a submission is refused for that is there already.
THERE = ("sequence-reused", "duplicate-submission", "epoch-closed")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("register", "sum"))
    parser.add_argument("--url", default="http://127.0.0.1:8750")
    parser.add_argument("--authority", help="who signed the appliance's certificate, a PEM file")
    parser.add_argument("--region", required=True)
    parser.add_argument("--profile", required=True, help="what `pulseproof profile` made")
    parser.add_argument("--keys", required=True, help="folder of the devices' keys, DEVICE.key each")
    parser.add_argument("--epoch", type=int, default=0)
    parser.add_argument("--appliance", help="the key of the appliance; if nobody says, what it says itself")
    parser.add_argument("--out", default=".", help="folder of the result, and of the roster to verify it with")
    parser.add_argument("--program", default="pulseproof")
    parser.add_argument("--insecure-key", action="store_true", help="a development SRS, for tests")
    return parser.parse_args()


def roster_of(args):
    """Who contributes, and what their words mean: everybody whose key there is."""
    profile = facts(args.program, args.profile)
    names = sorted(name.removesuffix(".key") for name in os.listdir(args.keys) if name.endswith(".key"))
    keys = {name: facts(args.program, f"{args.keys}/{name}.key")["public"] for name in names}
    return {"region": args.region, "words": int(profile["words"]), "profile": profile["digest"], "devices": keys}


def register(appliance, args):
    """What an operator does once."""
    roster = roster_of(args)
    with open(args.profile, "rb") as file:
        appliance.ask("PUT", f"/v1/profiles/{roster['profile']}", file.read())
    appliance.tell("PUT", f"/v1/regions/{args.region}", roster)
    print(f"{args.region}: {len(roster['devices'])} devices")


def submit(appliance, args):
    """What devices do: readings become submissions, which tell the appliance nothing."""
    insecure = ["--insecure-key"] if args.insecure_key else []
    batch = run(
        args.program, "seal", "--region", args.region, "--epoch", str(args.epoch), "--profile", args.profile,
        "--keys", args.keys, *insecure, given=sys.stdin.buffer.read(),
    )
    intake = json.loads(appliance.ask("POST", f"/v1/regions/{args.region}/epochs/{args.epoch}/readings", batch))
    for refused in intake["refused"]:
        problem = refused["problem"]
        said = f"{refused.get('device', '?')}: {problem['detail']}"
        if problem["type"].removeprefix("urn:pulseproof:") not in THERE:
            raise Refused(said)
        # There already, or too late: the result says who is missing.
        print(said, file=sys.stderr)


def proved_sum(appliance, args):
    """The sum, proved. Asked for twice, it is the same job."""
    job = appliance.tell(
        "POST", "/v1/jobs", {"kind": "aggregate", "region": args.region, "epoch": args.epoch},
        Idempotency_Key=f'"{args.region}-{args.epoch}"', Prefer="wait=60",
    )
    while job["state"] in ("queued", "running"):
        job = json.loads(appliance.ask("GET", f"/v1/jobs/{job['id']}", Prefer="wait=60"))
    return appliance.ask("GET", f"/v1/jobs/{job['id']}/result")


def verify(appliance, args, result):
    """Nobody is believed: the roster and the profile are ours, and the appliance's key should be."""
    identity = args.appliance or json.loads(appliance.ask("GET", "/v1/identity"))["key"]
    os.makedirs(args.out, exist_ok=True)
    path = f"{args.out}/{args.region}.epoch-{args.epoch}.result"
    # Of this epoch: another one may have another roster.
    roster = f"{args.out}/{args.region}.epoch-{args.epoch}.roster.json"
    with open(roster, "w", encoding="utf-8") as file:
        json.dump(roster_of(args), file)
    with open(path, "wb") as file:
        file.write(result)
    insecure = ["--insecure-key"] if args.insecure_key else []
    known = ["--roster", roster, "--profile", args.profile, "--appliance", identity]
    sys.exit(subprocess.run([args.program, "verify", "--json", *known, *insecure, path]).returncode)


def main():
    args = arguments()
    appliance = Appliance(args.url, os.environ.get("PULSEPROOF_TOKEN"), args.authority)
    if args.what == "register":
        register(appliance, args)
    else:
        submit(appliance, args)
        verify(appliance, args, proved_sum(appliance, args))


if __name__ == "__main__":
    try:
        main()
    except (Refused, subprocess.CalledProcessError, OSError, http.client.HTTPException) as error:
        sys.exit(f"error: {error}")

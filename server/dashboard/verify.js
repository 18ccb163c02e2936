// The commands with which somebody who believes nobody verifies a result.
// May touch: nothing. A job in, lines of shell out.

/** As one word of a shell, whatever is in it. */
export function quoted(word) {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The name of the file that a result is fetched into. */
export function fileOf({ id, request }) {
  if (request.kind === 'aggregate') return `${request.region}.epoch-${request.epoch}.result`;
  return request.kind === 'groth16' ? `${id}.json` : `${id}.outputs`;
}

/** `{lines, notes}`: what to type, and what to know about it. */
export function commands(job, known) {
  const curl = known.asksToken ? 'curl -fsS -H "Authorization: Bearer $TOKEN"' : 'curl -fsS';
  const at = (path) => quoted(`${known.origin}${path}`);
  const file = quoted(fileOf(job));
  const fetched = [
    ...(known.asksToken ? ['read -rs TOKEN   # one that may fetch this result'] : []),
    `${curl} -o ${file} ${at(`/v1/jobs/${job.id}/result`)}`,
    known.hash ? `echo '${known.hash}  '${file} | sha256sum --check` : `sha256sum ${file}`,
  ];
  const { lines, notes } = kinds[job.request.kind]?.({ job, known, curl, at, file }) ?? {
    lines: [],
    notes: [],
  };
  const always = [
    'The appliance notes in its log of what was done who fetched a result, also when this page does.',
  ];
  return { lines: [...fetched, ...lines], notes: [...notes, ...always] };
}

const kinds = {
  aggregate({ job, known, curl, at, file }) {
    const roster = quoted(`${job.request.region}.roster.json`);
    const insecure = known.isInsecure ? ' --insecure-key' : '';
    const lines = [
      `PROFILE=$(jq -r .profile ${roster})`,
      `${curl} -o "$PROFILE.profile" ${at('/v1/profiles/')}"$PROFILE"`,
      `pulseproof verify${insecure} --roster ${roster} --appliance ${known.key ?? 'KEY'} \\`,
      `  --profile "$PROFILE.profile" ${file}`,
    ];
    const notes = [
      `${job.request.region}.roster.json is the region’s roster: ` +
        'from who registered the region, and not from the appliance.',
      'The key is what this appliance says of itself. Compare it with what you were told by its operator.',
      'The SRS has to be in your home folder (pulseproof setup), or named with --key.',
      ...(known.isInsecure
        ? [
            'INSECURE: under a development SRS a verdict is worth nothing, and --insecure-key says that you know.',
          ]
        : []),
    ];
    return { lines, notes };
  },

  groth16({ job, known, curl, at, file }) {
    const insecure = known.isInsecure ? ' --insecure-key' : '';
    const key = quoted(`${job.request.circuit}.verification_key.json`);
    const lines = [
      `${curl} -o ${key} ${at(`/v1/circuits/${job.request.circuit}/verification-key`)}`,
      `jq .proof ${file} > proof.json`,
      `jq .public ${file} > public.json`,
      `pulseproof groth16 verify${insecure} --key ${key} proof.json public.json`,
    ];
    const notes = [
      'Better than the verification key that the appliance gives is the one that the circuit’s maker published.',
      ...(known.isInsecure
        ? [
            '--insecure-key is needed only if the circuit’s key is a recognisably insecure one, ' +
              'which this appliance takes.',
          ]
        : []),
    ];
    return { lines, notes };
  },

  fhe({ file }) {
    return {
      lines: [`pulseproof keys show ${file}`],
      notes: [
        'The outputs are ciphertexts that the appliance signed; no command verifies them alone.',
        'Bootstrapping is exact: another appliance with the evaluation key computes the same outputs of the ' +
          'same program. The authority compares them.',
      ],
    };
  },
};

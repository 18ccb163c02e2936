// What every kernel is started with.

struct Launch {
    // p[0] to p[31], four to a vector as uniform buffers want them.
    words: array<vec4<u32>, 8>,
    // Workgroups, and how many of them a row of the grid has. A grid may have more of them than there is
    // work for; the last row is filled up.
    groups: u32,
    width: u32,
    // Zero, which compilers do not know.
    zero: u32,
}

@group(1) @binding(0) var<uniform> launch: Launch;

struct Thread {
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
}

fn p(i: u32) -> u32 {
    return launch.words[i / 4u][i % 4u];
}

fn group_of(at: Thread) -> u32 {
    return at.group.y * launch.width + at.group.x;
}

fn index_of(at: Thread) -> u32 {
    return group_of(at) * WORKGROUP + at.local;
}

// n. A loop up to it is not unrolled: what is copied by such loops is long, and compile times longer.
fn rolled(n: u32) -> u32 {
    return n + launch.zero;
}

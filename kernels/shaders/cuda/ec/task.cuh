// Which items of which bucket a thread sums.
#pragma once
#include "../kernel.cuh"

// Items begin up to but not including end.
struct Task {
    u32 begin, end;
};

// The bucket b with task_offsets[b] ≤ task < task_offsets[b + 1].
DEVICE u32 bucket_of(u32 task, const u32* task_offsets, u32 buckets) {
    u32 low = 0, high = buckets;
    while (high - low > 1) {
        const u32 middle = low + (high - low) / 2;
        if (task_offsets[middle] <= task) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// The items of a task; length 0 means all of its bucket's.
DEVICE Task task_of(u32 task, const u32* offsets, const u32* task_offsets, u32 buckets, u32 length) {
    const u32 bucket = bucket_of(task, task_offsets, buckets);
    const u32 first = offsets[bucket], last = offsets[bucket + 1];
    if (length == 0) return {first, last};
    const u32 begin = first + (task - task_offsets[bucket]) * length;
    return {begin, begin + min_u32(length, last - begin)};
}

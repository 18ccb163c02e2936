// Stands in front of an assembled CUDA source and lets the host's C++ compiler run it: one block after
// the other, the threads of a block in turns, on the same bits as a device.
//
// A thread runs until it meets a barrier. Threads that meet none never switch: one stack serves them one
// after the other. Threads that wait keep a stack each (made with ucontext, switched with longjmp).
// Threads run in a scrambled order, and shared memory is filled with rubbish before each block, so that
// a missing barrier or initialisation shows. A barrier that not all threads reach is an error, as it is
// undefined on a device.
#include <csetjmp>
#include <cstring>
#include <string>
#include <ucontext.h>
#include <vector>

#define __device__
#define __constant__
#define __global__
#define __forceinline__ inline
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __restrict__ __restrict
#define __shared__ static __attribute__((section("shim_shared")))
#define SHARED_BY_LAUNCH(type, name) type* const name = reinterpret_cast<type*>(shim::by_launch.data())

struct ShimIndex {
    unsigned x;
};
ShimIndex threadIdx, blockIdx, blockDim, gridDim;

extern "C" char __start_shim_shared[] __attribute__((weak));
extern "C" char __stop_shim_shared[] __attribute__((weak));

namespace shim {

constexpr unsigned WARP = 32;
constexpr size_t STACK_BYTES = 512 << 10;

struct Parameters {
    unsigned w[32];
};

struct Launch {
    void* kernel;
    unsigned* const* buffers;
    unsigned count;
    Parameters parameters;
};

// A stack, and the thread that runs or waits on it.
struct Worker {
    ucontext_t context;
    std::vector<char> stack;
    jmp_buf at;
    unsigned thread;
    bool started;
};

// Where a set of threads meets. All must come from the same line of the source.
struct Barrier {
    std::vector<Worker*> waiting;
    unsigned line;
};

// Words that the lanes of a warp show each other. Two sets by turns: no lane can be two exchanges
// ahead of another.
struct Exchange {
    unsigned long long words[2][WARP];
};

Launch launch;
std::vector<Worker*> workers, idle, ready;
Worker* current;
jmp_buf scheduler;
std::vector<unsigned> order;
size_t next_thread;
std::vector<Barrier> warp_barriers;
Barrier block_barrier;
std::vector<Exchange> exchanges;
std::vector<unsigned> turns;
// Shared memory of the size that the launch asks for, and a guard.
std::vector<unsigned long long> by_launch;
constexpr size_t GUARD_WORDS = 32;
constexpr unsigned long long RUBBISH = 0xa5a5a5a5a5a5a5a5;
unsigned long long random_state;
std::string error;

inline unsigned random_below(unsigned limit) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % limit;
}

inline void call_kernel() {
    using W = unsigned*;
    W const* b = launch.buffers;
    const Parameters& p = launch.parameters;
    void* f = launch.kernel;
    switch (launch.count) {
        case 1: reinterpret_cast<void (*)(W, Parameters)>(f)(b[0], p); break;
        case 2: reinterpret_cast<void (*)(W, W, Parameters)>(f)(b[0], b[1], p); break;
        case 3: reinterpret_cast<void (*)(W, W, W, Parameters)>(f)(b[0], b[1], b[2], p); break;
        case 4:
            reinterpret_cast<void (*)(W, W, W, W, Parameters)>(f)(b[0], b[1], b[2], b[3], p);
            break;
        case 5:
            reinterpret_cast<void (*)(W, W, W, W, W, Parameters)>(f)(b[0], b[1], b[2], b[3], b[4], p);
            break;
        default: error = "a kernel has one to five buffers";
    }
}

// Leaves the current stack for the scheduler's, until resumed.
__noinline__ void yield() {
    if (_setjmp(current->at) == 0) _longjmp(scheduler, 1);
}

// What a worker does: threads, as long as there are any.
inline void work() {
    for (;;) {
        while (next_thread < order.size() && error.empty()) {
            current->thread = order[next_thread++];
            threadIdx.x = current->thread;
            call_kernel();
        }
        idle.push_back(current);
        yield();
    }
}

// Runs a worker until it waits or has nothing to do.
__noinline__ void resume(Worker* worker) {
    current = worker;
    threadIdx.x = worker->thread;
    if (_setjmp(scheduler) != 0) return;
    if (worker->started) _longjmp(worker->at, 1);
    worker->started = true;
    setcontext(&worker->context);
}

inline Worker* idle_worker() {
    if (idle.empty()) {
        Worker* worker = new Worker();
        worker->stack.resize(STACK_BYTES);
        getcontext(&worker->context);
        worker->context.uc_stack.ss_sp = worker->stack.data();
        worker->context.uc_stack.ss_size = STACK_BYTES;
        worker->context.uc_link = nullptr;
        makecontext(&worker->context, work, 0);
        workers.push_back(worker);
        return worker;
    }
    Worker* worker = idle.back();
    idle.pop_back();
    return worker;
}

// Waits until `size` threads have come here.
__noinline__ void wait(Barrier& barrier, unsigned size, unsigned line) {
    if (barrier.waiting.empty()) barrier.line = line;
    if (barrier.line != line) {
        error = "threads wait at lines " + std::to_string(barrier.line) + " and " +
                std::to_string(line) + " for each other";
    }
    barrier.waiting.push_back(current);
    if (barrier.waiting.size() == size) {
        ready.insert(ready.end(), barrier.waiting.begin(), barrier.waiting.end());
        barrier.waiting.clear();
    }
    yield();
}

// Shows a word to the warp; returns the words of all its lanes.
inline const unsigned long long* exchange(unsigned mask, unsigned word, unsigned line) {
    if (mask != 0xffffffff) error = "only whole warps exchange words";
    const unsigned thread = threadIdx.x;
    Exchange& slots = exchanges[thread / WARP];
    unsigned long long* words = slots.words[turns[thread]++ % 2];
    words[thread % WARP] = word;
    wait(warp_barriers[thread / WARP], WARP, line);
    return words;
}

inline void shuffle(std::vector<unsigned>& values) {
    for (unsigned i = (unsigned)values.size(); i > 1; i--) {
        std::swap(values[i - 1], values[random_below(i)]);
    }
}

inline void run_block() {
    if (__start_shim_shared != nullptr) {
        memset(__start_shim_shared, 0xa5, (size_t)(__stop_shim_shared - __start_shim_shared));
    }
    memset(by_launch.data(), 0xa5, 8 * by_launch.size());
    shuffle(order);
    next_thread = 0;
    while (error.empty()) {
        if (!ready.empty()) {
            std::swap(ready.back(), ready[random_below((unsigned)ready.size())]);
            Worker* worker = ready.back();
            ready.pop_back();
            resume(worker);
        } else if (next_thread < order.size()) {
            resume(idle_worker());
        } else {
            break;
        }
    }
    if (error.empty() && idle.size() != workers.size()) {
        error = "threads wait at a barrier that others never reach";
    }
    for (size_t i = by_launch.size() - GUARD_WORDS; i < by_launch.size(); i++) {
        if (by_launch[i] == RUBBISH) continue;
        error = "a thread writes beyond the shared memory that the launch asked for";
    }
}

// Forgets everything about stacks that were left in the middle of a kernel.
inline void abandon() {
    for (Worker* worker : workers) delete worker;
    workers.clear();
    idle.clear();
    ready.clear();
}

}  // namespace shim

// Runs a kernel; null, or what went wrong.
extern "C" const char* shim_launch(void* kernel, unsigned* const* buffers, unsigned count,
                                   const unsigned* parameters, unsigned groups, unsigned threads,
                                   unsigned shared_bytes, unsigned long long seed) {
    using namespace shim;
    launch = {kernel, buffers, count, {}};
    memcpy(launch.parameters.w, parameters, sizeof(Parameters));
    error.clear();
    random_state = seed | 1;
    warp_barriers.assign(threads / WARP, {});
    block_barrier = {};
    exchanges.assign(threads / WARP, {});
    turns.assign(threads, 0);
    by_launch.resize(shared_bytes / 8 + GUARD_WORDS);
    order.resize(threads);
    for (unsigned i = 0; i < threads; i++) order[i] = i;
    blockDim.x = threads;
    gridDim.x = groups;
    for (blockIdx.x = 0; blockIdx.x < groups && error.empty(); blockIdx.x++) run_block();
    if (error.empty()) return nullptr;
    abandon();
    return error.c_str();
}

#define __syncthreads() shim::wait(shim::block_barrier, blockDim.x, __LINE__)
#define __shfl_sync(mask, word, from) ((unsigned)shim::exchange(mask, word, __LINE__)[(from) & 31])
#define __shfl_up_sync(mask, word, distance) shim_shuffle_up(mask, word, distance, __LINE__)
#define __match_any_sync(mask, word) shim_match_any(mask, word, __LINE__)

inline unsigned shim_shuffle_up(unsigned mask, unsigned word, unsigned distance, unsigned line) {
    const unsigned lane = threadIdx.x % shim::WARP;
    return (unsigned)shim::exchange(mask, word, line)[lane < distance ? lane : lane - distance];
}

inline unsigned shim_match_any(unsigned mask, unsigned word, unsigned line) {
    const unsigned long long* words = shim::exchange(mask, word, line);
    unsigned peers = 0;
    for (unsigned lane = 0; lane < shim::WARP; lane++) peers |= (unsigned)(words[lane] == word) << lane;
    return peers;
}

inline unsigned atomicAdd(unsigned* at, unsigned value) {
    const unsigned before = *at;
    *at += value;
    return before;
}

inline unsigned atomicMin(unsigned* at, unsigned value) {
    const unsigned before = *at;
    if (value < before) *at = value;
    return before;
}

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}

inline unsigned __brev(unsigned word) {
    unsigned reversed = 0;
    for (unsigned bit = 0; bit < 32; bit++) reversed |= (word >> bit & 1) << (31 - bit);
    return reversed;
}

inline int __popc(unsigned word) {
    return __builtin_popcount(word);
}

inline int __ffs(int word) {
    return __builtin_ffs(word);
}

inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
    return (unsigned)(((unsigned long long)high << 32 | low) >> (shift % 32));
}

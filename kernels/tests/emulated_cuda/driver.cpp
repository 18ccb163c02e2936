// Stands in for NVIDIA's driver: one device, whose kernels are those that the emulated compiler made for the host.
//
// It refuses what the driver refuses, as far as its documentation says: more shared memory than a kernel was allowed,
// memory that there is not, blocks of other contexts. Stricter than the driver, it refuses to change a kernel that was
// started, and ends the process when a kernel wrote beyond a buffer.
//
// EMULATED_CONTROL is a file with lines that it reads at every call:
//   memory BYTES    what the device has
//   fault CODE      the next launch fails on the device: it succeeds, and every call after it says CODE, for ever
//   error CODE      every launch says CODE, and nothing else happens
//   signal NUMBER   every launch ends the process so, as a crash of the driver does
// EMULATED_EVENTS is a file to which it writes a line for each launch that it had no memory for.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

enum Result {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    INVALID_CONTEXT = 201,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    LAUNCH_FAILED = 719,
};

constexpr uint64_t MULTIPROCESSORS = 4, THREADS_EACH = 1024;
constexpr int SHARED_OPTIN = 100 << 10, SHARED_DEFAULT = 48 << 10;
// Of the kernels that need much: those that add points.
constexpr int LOCAL_BYTES = 32 << 10;
constexpr size_t GUARD = 256;
constexpr unsigned char GUARD_BYTE = 0x5a;

struct Context {
    // What its kernels have for each thread, at the most, of those that were started.
    int local_claimed = 0;
};

struct Module {
    void* library;
    std::string source;
    std::mutex* running;
};

struct Function {
    Module* module;
    std::string name;
    void* symbol;
    int buffers, local, dynamic_max;
    bool was_started;
};

struct Block {
    size_t bytes;
    Context* context;
};

static std::mutex state;
static std::map<uint64_t, Block> blocks;
// A library has one state, however often it is loaded: one kernel of it runs at a time.
static std::map<void*, std::mutex> libraries;
static uint64_t used = 0;
static int broken = SUCCESS;
static thread_local Context* current = nullptr;

static uint64_t control(const char* name, uint64_t otherwise) {
    const char* path = std::getenv("EMULATED_CONTROL");
    if (path == nullptr) return otherwise;
    std::ifstream file(path);
    std::string word;
    uint64_t value;
    while (file >> word >> value) {
        if (word == name) return value;
    }
    return otherwise;
}

static uint64_t total() {
    return control("memory", 1ull << 30);
}

static bool is_whole(uint64_t address, const Block& block) {
    const unsigned char* end = reinterpret_cast<unsigned char*>(address) + block.bytes;
    return std::all_of(end, end + GUARD, [](unsigned char byte) { return byte == GUARD_BYTE; });
}

static void die(const char* what) {
    std::fprintf(stderr, "emulated driver: %s\n", what);
    std::abort();
}

// Whether so many bytes from an address on lie within a block of the current context.
static bool is_within(uint64_t address, size_t bytes) {
    auto after = blocks.upper_bound(address);
    if (after == blocks.begin()) return false;
    auto& [start, block] = *std::prev(after);
    return block.context == current && address + bytes <= start + block.bytes;
}

#define ENTER                                       \
    std::lock_guard<std::mutex> locked(state);      \
    if (broken != SUCCESS) return broken;
#define ENTER_CONTEXT                               \
    ENTER                                           \
    if (current == nullptr) return INVALID_CONTEXT;

extern "C" {

int cuInit(unsigned) {
    return SUCCESS;
}

int cuDriverGetVersion(int* version) {
    *version = 13000;
    return SUCCESS;
}

int cuGetErrorName(int code, const char** name) {
    *name = code == LAUNCH_FAILED ? "CUDA_ERROR_LAUNCH_FAILED" : "CUDA_ERROR";
    return SUCCESS;
}

int cuGetErrorString(int code, const char** text) {
    static thread_local std::string message;
    message = "emulated error " + std::to_string(code);
    *text = message.c_str();
    return SUCCESS;
}

int cuDeviceGetCount(int* count) {
    *count = 1;
    return SUCCESS;
}

int cuDeviceGet(int* device, int) {
    *device = 0;
    return SUCCESS;
}

int cuDeviceGetName(char* name, int length, int) {
    std::snprintf(name, (size_t)length, "emulated");
    return SUCCESS;
}

int cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = total();
    return SUCCESS;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case 16: *value = MULTIPROCESSORS; return SUCCESS;
        case 39: *value = THREADS_EACH; return SUCCESS;
        case 75: *value = 9; return SUCCESS;
        case 76: *value = 0; return SUCCESS;
        case 97: *value = SHARED_OPTIN; return SUCCESS;
        default: return INVALID_VALUE;
    }
}

int cuCtxCreate_v4(void** context, void*, unsigned, int) {
    ENTER
    current = new Context();
    *context = current;
    return SUCCESS;
}

int cuCtxPopCurrent_v2(void** context) {
    *context = current;
    current = nullptr;
    return SUCCESS;
}

int cuCtxGetCurrent(void** context) {
    *context = current;
    return SUCCESS;
}

int cuCtxSetCurrent(void* context) {
    current = static_cast<Context*>(context);
    return SUCCESS;
}

// Contexts are not taken away, so that blocks of one that was destroyed are found to be foreign.
int cuCtxDestroy_v2(void* context) {
    ENTER
    used -= (uint64_t)static_cast<Context*>(context)->local_claimed * MULTIPROCESSORS * THREADS_EACH;
    return SUCCESS;
}

int cuStreamCreate(void** stream, unsigned) {
    ENTER_CONTEXT
    *stream = current;
    return SUCCESS;
}

int cuStreamSynchronize(void*) {
    ENTER_CONTEXT
    return SUCCESS;
}

int cuEventCreate(void** event, unsigned) {
    ENTER_CONTEXT
    *event = current;
    return SUCCESS;
}

int cuEventRecord(void*, void*) {
    ENTER_CONTEXT
    return SUCCESS;
}

int cuEventSynchronize(void*) {
    ENTER_CONTEXT
    return SUCCESS;
}

int cuEventDestroy_v2(void*) {
    ENTER_CONTEXT
    return SUCCESS;
}

int cuMemHostAlloc(void** memory, size_t bytes, unsigned) {
    ENTER_CONTEXT
    *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return SUCCESS;
}

int cuMemFreeHost(void* memory) {
    ENTER_CONTEXT
    std::free(memory);
    return SUCCESS;
}

int cuMemGetInfo_v2(size_t* free, size_t* all) {
    ENTER_CONTEXT
    *all = total();
    *free = *all - std::min<uint64_t>(used, *all);
    return SUCCESS;
}

int cuMemAlloc_v2(uint64_t* address, size_t bytes) {
    ENTER_CONTEXT
    if (bytes == 0) return INVALID_VALUE;
    if (used + bytes > total()) return OUT_OF_MEMORY;
    void* memory = std::aligned_alloc(256, (bytes + GUARD + 255) / 256 * 256);
    std::memset(memory, 0xa5, bytes);
    std::memset(static_cast<char*>(memory) + bytes, GUARD_BYTE, GUARD);
    *address = reinterpret_cast<uint64_t>(memory);
    blocks[*address] = {bytes, current};
    used += bytes;
    return SUCCESS;
}

int cuMemFree_v2(uint64_t address) {
    ENTER_CONTEXT
    auto found = blocks.find(address);
    if (found == blocks.end() || found->second.context != current) return INVALID_VALUE;
    used -= found->second.bytes;
    std::free(reinterpret_cast<void*>(address));
    blocks.erase(found);
    return SUCCESS;
}

int cuMemsetD8Async(uint64_t address, unsigned char byte, size_t bytes, void*) {
    ENTER_CONTEXT
    if (!is_within(address, bytes)) return INVALID_VALUE;
    std::memset(reinterpret_cast<void*>(address), byte, bytes);
    return SUCCESS;
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void*) {
    ENTER_CONTEXT
    if (!is_within(to, bytes)) return INVALID_VALUE;
    std::memcpy(reinterpret_cast<void*>(to), from, bytes);
    return SUCCESS;
}

int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void*) {
    ENTER_CONTEXT
    if (!is_within(from, bytes)) return INVALID_VALUE;
    std::memcpy(to, reinterpret_cast<void*>(from), bytes);
    return SUCCESS;
}

int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void*) {
    ENTER_CONTEXT
    if (!is_within(to, bytes) || !is_within(from, bytes)) return INVALID_VALUE;
    std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<void*>(from), bytes);
    return SUCCESS;
}

int cuModuleLoadData(void** module, const void* image) {
    ENTER_CONTEXT
    const std::string path = static_cast<const char*>(image);
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return INVALID_VALUE;
    std::stringstream source;
    source << std::ifstream(path.substr(0, path.size() - 3) + ".cpp").rdbuf();
    *module = new Module{library, source.str(), &libraries[library]};
    return SUCCESS;
}

int cuModuleUnload(void*) {
    ENTER_CONTEXT
    return SUCCESS;
}

int cuModuleGetFunction(void** function, void* raw, const char* name) {
    ENTER_CONTEXT
    Module* module = static_cast<Module*>(raw);
    void* symbol = dlsym(module->library, name);
    size_t begin = module->source.find(std::string(" ") + name + "(");
    if (begin == std::string::npos) begin = module->source.find(std::string("\n") + name + "(");
    if (symbol == nullptr || begin == std::string::npos) return NOT_FOUND;
    const std::string arguments = module->source.substr(begin, module->source.find(')', begin) - begin);
    const int buffers = (int)std::count(arguments.begin(), arguments.end(), '*');
    const int local = std::strncmp(name, "accumulate", 10) == 0 ? LOCAL_BYTES : 0;
    *function = new Function{module, name, symbol, buffers, local, SHARED_DEFAULT, false};
    return SUCCESS;
}

int cuFuncGetParamInfo(void* raw, size_t index, size_t* offset, size_t* size) {
    ENTER_CONTEXT
    const size_t buffers = (size_t)static_cast<Function*>(raw)->buffers;
    if (index > buffers) return INVALID_VALUE;
    *offset = 8 * index;
    *size = index < buffers ? 8 : 128;
    return SUCCESS;
}

int cuFuncGetAttribute(int* value, int attribute, void* raw) {
    ENTER_CONTEXT
    switch (attribute) {
        case 1: *value = 1024; return SUCCESS;
        case 3: *value = static_cast<Function*>(raw)->local; return SUCCESS;
        default: return INVALID_VALUE;
    }
}

int cuFuncSetAttribute(void* raw, int attribute, int value) {
    ENTER_CONTEXT
    Function* function = static_cast<Function*>(raw);
    if (function->was_started) die("a kernel is changed that was started");
    if (attribute == 9) return SUCCESS;
    if (attribute != 8 || value + 1024 > SHARED_OPTIN) return INVALID_VALUE;
    function->dynamic_max = value;
    return SUCCESS;
}

using Launch = const char* (*)(void*, unsigned* const*, unsigned, const unsigned*, unsigned, unsigned, unsigned,
                               unsigned long long);

int cuLaunchKernel(void* raw, unsigned groups, unsigned, unsigned, unsigned threads, unsigned, unsigned,
                   unsigned shared, void*, void** arguments, void**) {
    Function* function = static_cast<Function*>(raw);
    std::vector<unsigned*> pointers;
    {
        ENTER_CONTEXT
        function->was_started = true;
        if (const uint64_t error = control("error", 0)) return (int)error;
        if (const uint64_t signal = control("signal", 0)) std::raise((int)signal);
        if ((int)shared > function->dynamic_max) return INVALID_VALUE;
        if (function->local > current->local_claimed) {
            const uint64_t more = (uint64_t)(function->local - current->local_claimed) * MULTIPROCESSORS * THREADS_EACH;
            if (used + more > total()) {
                std::ofstream(std::getenv("EMULATED_EVENTS"), std::ios::app) << function->name << "\n";
                return OUT_OF_MEMORY;
            }
            used += more;
            current->local_claimed = function->local;
        }
        for (int i = 0; i < function->buffers; i++) {
            const uint64_t address = *static_cast<uint64_t*>(arguments[i]);
            if (!is_within(address, 1)) die("a kernel is given memory of nobody");
            pointers.push_back(reinterpret_cast<unsigned*>(address));
        }
        if (const uint64_t fault = control("fault", 0)) {
            broken = (int)fault;
            return SUCCESS;
        }
    }
    std::lock_guard<std::mutex> running(*function->module->running);
    const auto launch = reinterpret_cast<Launch>(dlsym(function->module->library, "shim_launch"));
    const char* wrong = launch(function->symbol, pointers.data(), (unsigned)function->buffers,
                               static_cast<unsigned*>(arguments[function->buffers]), groups, threads, shared, 1);
    if (wrong != nullptr) die(wrong);
    std::lock_guard<std::mutex> locked(state);
    for (const auto& [address, block] : blocks) {
        if (!is_whole(address, block)) die("a kernel wrote beyond a buffer");
    }
    return SUCCESS;
}

}  // extern "C"

// Stands in for NVRTC: compiles a CUDA source for the host, behind the shim. What it calls a cubin is the path of the
// library that it made.
//
// EMULATED_FOLDER is where libraries are kept, each under the hash of its text; EMULATED_SHIM is shim.h.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

struct Program {
    std::string source, log, path;
};

static std::string folder() {
    return std::getenv("EMULATED_FOLDER");
}

static unsigned long long hash(const std::string& text) {
    unsigned long long state = 0xcbf29ce484222325;
    for (unsigned char byte : text) state = (state ^ byte) * 0x100000001b3;
    return state;
}

static bool exists(const std::string& path) {
    return std::ifstream(path).good();
}

extern "C" {

int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 0;
    return 0;
}

int nvrtcGetNumSupportedArchs(int* count) {
    *count = 1;
    return 0;
}

int nvrtcGetSupportedArchs(int* list) {
    list[0] = 90;
    return 0;
}

const char* nvrtcGetErrorString(int code) {
    return code == 0 ? "success" : "emulated failure";
}

int nvrtcCreateProgram(void** program, const char* source, const char*, int, const char* const*, const char* const*) {
    std::stringstream shim;
    shim << std::ifstream(std::getenv("EMULATED_SHIM")).rdbuf();
    *program = new Program{shim.str() + "\n" + source, "", ""};
    return 0;
}

int nvrtcCompileProgram(void* raw, int, const char* const*) {
    Program& program = *static_cast<Program*>(raw);
    char name[32];
    std::snprintf(name, sizeof name, "/%016llx", hash(program.source));
    const std::string stem = folder() + name;
    program.path = stem + ".so";
    if (exists(program.path)) return 0;
    // Several may compile the same: whoever is last replaces what is the same.
    static std::atomic<unsigned> count{0};
    const std::string own = stem + "." + std::to_string(::getpid()) + "." + std::to_string(count++);
    std::ofstream(own + ".cpp") << program.source;
    const char* compiler = std::getenv("CXX");
    const std::string command = std::string(compiler != nullptr ? compiler : "c++") +
        " -O2 -std=c++17 -shared -fPIC -w -fno-strict-aliasing -U_FORTIFY_SOURCE " + own + ".cpp -o " + own +
        ".so 2> " + own + ".log";
    if (std::system(command.c_str()) != 0) {
        std::stringstream log;
        log << std::ifstream(own + ".log").rdbuf();
        program.log = log.str();
        return 6;
    }
    // The driver looks up how many buffers a kernel takes.
    std::rename((own + ".cpp").c_str(), (stem + ".cpp").c_str());
    std::rename((own + ".so").c_str(), program.path.c_str());
    std::remove((own + ".log").c_str());
    return 0;
}

int nvrtcGetProgramLogSize(void* raw, size_t* size) {
    *size = static_cast<Program*>(raw)->log.size() + 1;
    return 0;
}

int nvrtcGetProgramLog(void* raw, char* log) {
    std::strcpy(log, static_cast<Program*>(raw)->log.c_str());
    return 0;
}

// There is no PTX: what this compiler makes is for the host.
int nvrtcGetPTXSize(void*, size_t*) {
    return 1;
}

int nvrtcGetPTX(void*, char*) {
    return 1;
}

int nvrtcGetCUBINSize(void* raw, size_t* size) {
    *size = static_cast<Program*>(raw)->path.size() + 1;
    return 0;
}

int nvrtcGetCUBIN(void* raw, char* code) {
    std::strcpy(code, static_cast<Program*>(raw)->path.c_str());
    return 0;
}

int nvrtcDestroyProgram(void** program) {
    delete static_cast<Program*>(*program);
    *program = nullptr;
    return 0;
}

}  // extern "C"

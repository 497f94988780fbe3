/* Preloaded into a program (LD_PRELOAD): calls on files whose path begins with $FAULT_UNDER (is it, if that ends in "$") fail while the
   file $FAULT_FILE exists. It names the calls
   and the error, as "fsync EIO" (fsync and fdatasync), "write ENOSPC" (write, pwrite), "pread EIO". For tests of durability. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fails(int file, const char* call) {
    const char* order = getenv("FAULT_FILE");
    const char* under = getenv("FAULT_UNDER");
    if (!order || !under) return 0;
    const int descriptor = open(order, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return 0;
    char text[64];
    const ssize_t size = NEXT(read)(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (size <= 0) return 0;
    text[size] = 0;
    if (!strstr(text, call)) return 0;
    char link[64];
    char path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    const size_t given = strlen(under);
    if (under[given - 1] == '$' ? strncmp(path, under, given - 1) != 0 || path[given - 1] != 0 : strncmp(path, under, given) != 0) return 0;
    errno = strstr(text, "ENOSPC") ? ENOSPC : EIO;
    return 1;
}

int fsync(int file) { return fails(file, "fsync") ? -1 : NEXT(fsync)(file); }
int fdatasync(int file) { return fails(file, "fsync") ? -1 : NEXT(fdatasync)(file); }
ssize_t write(int file, const void* bytes, size_t count) { return fails(file, "write") ? -1 : NEXT(write)(file, bytes, count); }
ssize_t pwrite(int file, const void* bytes, size_t count, off_t at) { return fails(file, "write") ? -1 : NEXT(pwrite)(file, bytes, count, at); }
ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t at) { return fails(file, "write") ? -1 : NEXT(pwrite64)(file, bytes, count, at); }
ssize_t pread64(int file, void* bytes, size_t count, off64_t at) { return fails(file, "pread") ? -1 : NEXT(pread64)(file, bytes, count, at); }

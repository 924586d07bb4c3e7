/* Preloaded into a process, it writes down what that process does to the files of one folder, in its order:
 * each open, write, truncation, sync, unlink and rename. One lock around the call and its note keeps the order true
 * between threads.
 *
 * RECORDED names the folder (folders in it count too, no deeper), RECORD the file the notes go to. A note is: one letter, then numbers of eight bytes
 * (little-endian), then bytes:
 *   o file new name   a file (numbered by device and inode) was opened; new: it was made by this call
 *   w file offset length bytes
 *   t file length     it was truncated, or lengthened
 *   s file            it was synced            d name      the folder was synced; no name: the outer one
 *   u name            it was unlinked          r name name it was renamed
 * A name is its length and its bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES 4096
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static uint64_t number[FILES]; /* by descriptor: 0 is none of ours, 1 is a folder */
static char inner[FILES][64];  /* by descriptor: which folder, if it is one of those within */
static int record = -1;
static char folder[4096];
static size_t folder_length;

__attribute__((constructor)) static void begin(void)
{
    const char *where = getenv("RECORDED"), *to = getenv("RECORD");
    if (!where || !to || strlen(where) >= sizeof folder)
        return;
    strcpy(folder, where);
    folder_length = strlen(folder);
    record = NEXT(open)(to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void put(const void *bytes, size_t length)
{
    if (NEXT(write)(record, bytes, length) != (ssize_t)length)
        abort();
}

static void note(char letter, int numbers, const uint64_t *values, const void *bytes, size_t length)
{
    put(&letter, 1);
    put(values, 8 * (size_t)numbers);
    if (length)
        put(bytes, length);
}

static const char *ours(const char *path)
{
    if (record < 0 || strncmp(path, folder, folder_length))
        return NULL;
    if (path[folder_length] == 0)
        return "";
    if (path[folder_length] != '/')
        return NULL;
    const char *name = path + folder_length + 1, *within = strchr(name, '/');
    return within && strchr(within + 1, '/') ? NULL : name;
}

static int opened(int descriptor, const char *name, int was_there)
{
    struct stat about;
    if (descriptor < 0 || descriptor >= FILES || !name)
        return descriptor;
    if (fstat(descriptor, &about))
        return descriptor;
    if (S_ISDIR(about.st_mode) && strlen(name) < sizeof inner[0]) {
        number[descriptor] = 1;
        strcpy(inner[descriptor], name);
        return descriptor;
    }
    if (!S_ISREG(about.st_mode))
        return descriptor;
    number[descriptor] = about.st_ino + 2;
    uint64_t values[3] = {number[descriptor], !was_there, strlen(name)};
    note('o', 3, values, name, strlen(name));
    return descriptor;
}

#define OPEN(function)                                                                    \
    int function(const char *path, int flags, ...)                                        \
    {                                                                                     \
        va_list rest;                                                                     \
        va_start(rest, flags);                                                            \
        mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;         \
        va_end(rest);                                                                     \
        const char *name = ours(path);                                                    \
        if (!name)                                                                        \
            return NEXT(function)(path, flags, mode);                                     \
        pthread_mutex_lock(&order);                                                       \
        int was_there = !access(path, F_OK);                                              \
        int descriptor = opened(NEXT(function)(path, flags, mode), name, was_there);      \
        int failed = errno;                                                               \
        pthread_mutex_unlock(&order);                                                     \
        errno = failed;                                                                   \
        return descriptor;                                                                \
    }

OPEN(open)
OPEN(open64)

int close(int descriptor)
{
    pthread_mutex_lock(&order);
    if (descriptor >= 0 && descriptor < FILES)
        number[descriptor] = 0;
    int result = NEXT(close)(descriptor), failed = errno;
    pthread_mutex_unlock(&order);
    errno = failed;
    return result;
}

static uint64_t file_of(int descriptor)
{
    return record >= 0 && descriptor >= 0 && descriptor < FILES ? number[descriptor] : 0;
}

static void written(int descriptor, const void *bytes, ssize_t length, off64_t at)
{
    if (length <= 0)
        return;
    uint64_t values[3] = {file_of(descriptor), (uint64_t)at, (uint64_t)length};
    note('w', 3, values, bytes, (size_t)length);
}

#define PWRITE(function, offset)                                                           \
    ssize_t function(int descriptor, const void *bytes, size_t length, offset at)          \
    {                                                                                      \
        if (file_of(descriptor) < 2)                                                       \
            return NEXT(function)(descriptor, bytes, length, at);                          \
        pthread_mutex_lock(&order);                                                        \
        ssize_t result = NEXT(function)(descriptor, bytes, length, at);                    \
        int failed = errno;                                                                \
        written(descriptor, bytes, result, at);                                            \
        pthread_mutex_unlock(&order);                                                      \
        errno = failed;                                                                    \
        return result;                                                                     \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int descriptor, const void *bytes, size_t length)
{
    if (file_of(descriptor) < 2)
        return NEXT(write)(descriptor, bytes, length);
    pthread_mutex_lock(&order);
    struct stat about;
    off64_t at = lseek64(descriptor, 0, SEEK_CUR);
    if (fcntl(descriptor, F_GETFL) & O_APPEND && !fstat(descriptor, &about))
        at = about.st_size;
    ssize_t result = NEXT(write)(descriptor, bytes, length);
    int failed = errno;
    written(descriptor, bytes, result, at);
    pthread_mutex_unlock(&order);
    errno = failed;
    return result;
}

static void synced(int descriptor)
{
    uint64_t file = file_of(descriptor);
    uint64_t length = file == 1 ? strlen(inner[descriptor]) : 0;
    if (file == 1)
        note('d', 1, &length, inner[descriptor], length);
    else
        note('s', 1, &file, NULL, 0);
}

#define SYNC(function)                                      \
    int function(int descriptor)                            \
    {                                                       \
        if (!file_of(descriptor))                           \
            return NEXT(function)(descriptor);              \
        pthread_mutex_lock(&order);                         \
        int result = NEXT(function)(descriptor);            \
        int failed = errno;                                 \
        if (!result)                                        \
            synced(descriptor);                             \
        pthread_mutex_unlock(&order);                       \
        errno = failed;                                     \
        return result;                                      \
    }

SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(function, offset)                                                 \
    int function(int descriptor, offset length)                                    \
    {                                                                              \
        if (file_of(descriptor) < 2)                                               \
            return NEXT(function)(descriptor, length);                             \
        pthread_mutex_lock(&order);                                                \
        int result = NEXT(function)(descriptor, length), failed = errno;           \
        uint64_t values[2] = {file_of(descriptor), (uint64_t)length};              \
        if (!result)                                                               \
            note('t', 2, values, NULL, 0);                                         \
        pthread_mutex_unlock(&order);                                              \
        errno = failed;                                                            \
        return result;                                                             \
    }

TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int unlink(const char *path)
{
    const char *name = ours(path);
    if (!name)
        return NEXT(unlink)(path);
    pthread_mutex_lock(&order);
    int result = NEXT(unlink)(path), failed = errno;
    uint64_t length = strlen(name);
    if (!result)
        note('u', 1, &length, name, length);
    pthread_mutex_unlock(&order);
    errno = failed;
    return result;
}

int rename(const char *path, const char *to)
{
    const char *from = ours(path), *name = ours(to);
    if (!from || !name)
        return NEXT(rename)(path, to);
    pthread_mutex_lock(&order);
    int result = NEXT(rename)(path, to), failed = errno;
    uint64_t length = strlen(from), other = strlen(name);
    if (!result) {
        note('r', 1, &length, from, length);
        put(&other, 8);
        put(name, other);
    }
    pthread_mutex_unlock(&order);
    errno = failed;
    return result;
}

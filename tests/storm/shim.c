// Fails the k-th system call of one kind on files below a folder, or kills the process at it (LD_PRELOAD).
//   STORM_FOLDER   the folder, without links in its path
//   STORM_KIND     write, sync, rename (and link), open (for writing), unlink or truncate
//   STORM_CALL     k, from 1; 0: no call is met, calls are only counted
//   STORM_ERRNO    what the call fails with; 0: SIGKILL instead
//   STORM_ON       1: all later calls of this kind fail as well, as on a disk that stays full
//   STORM_TORN     1: half of what a write has is written first
//   STORM_MARK     a file that is made when the call is met; outside of the folder
//   STORM_COUNTS   a file for the number of calls of each kind, written when the process ends by itself
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum Kind { kind_write, kind_sync, kind_rename, kind_open, kind_unlink, kind_truncate, kinds };
static const char* const names[kinds] = {"write", "sync", "rename", "open", "unlink", "truncate"};
static atomic_long counts[kinds];
static int met_kind = -1, met_errno, met_on, met_torn;
static long met_call;
static char folder[4096];
static size_t folder_length;

__attribute__((constructor)) static void begin(void) {
  const char* text = getenv("STORM_FOLDER");
  if (text != NULL && strlen(text) < sizeof folder) strcpy(folder, text);
  folder_length = strlen(folder);
  text = getenv("STORM_KIND");
  for (int kind = 0; text != NULL && kind < kinds; ++kind)
    if (strcmp(text, names[kind]) == 0) met_kind = kind;
  if ((text = getenv("STORM_CALL")) != NULL) met_call = atol(text);
  if ((text = getenv("STORM_ERRNO")) != NULL) met_errno = atoi(text);
  if ((text = getenv("STORM_ON")) != NULL) met_on = atoi(text);
  if ((text = getenv("STORM_TORN")) != NULL) met_torn = atoi(text);
}

// The shim's own files are written past itself.
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char* variable, const char* text) {
  const char* path = getenv(variable);
  if (path == NULL) return;
  int file = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (file < 0) return;
  if (REAL(write)(file, text, strlen(text)) < 0) abort();
  REAL(close)(file);
}

__attribute__((destructor)) static void end(void) {
  char line[64];
  for (int kind = 0; kind < kinds; ++kind) {
    snprintf(line, sizeof line, "%s %ld\n", names[kind], (long)counts[kind]);
    note("STORM_COUNTS", line);
  }
}

static int below(const char* path) {
  return folder_length > 0 && strncmp(path, folder, folder_length) == 0 &&
         (path[folder_length] == '/' || path[folder_length] == '\0');
}

static int below_file(int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = '\0';
  return below(path);
}

static int below_path(int directory, const char* path) {
  if (path == NULL) return 0;
  if (path[0] == '/') return below(path);
  if (directory != AT_FDCWD) return below_file(directory);
  char here[4096];
  return getcwd(here, sizeof here) != NULL && below(here);
}

// 1: this call is to fail (errno is set) or to be the last one.
static int met(enum Kind kind) {
  const long call = atomic_fetch_add(&counts[kind], 1) + 1;
  if ((int)kind != met_kind || met_call == 0 || call < met_call || (call > met_call && !met_on)) return 0;
  if (call == met_call) note("STORM_MARK", "met\n");
  errno = met_errno;
  return 1;
}

static void kill_if_asked(void) {
  if (met_errno == 0) raise(SIGKILL);
}

#define FAIL_IF_MET(kind, condition) \
  do {                               \
    if ((condition) && met(kind)) {  \
      kill_if_asked();               \
      return -1;                     \
    }                                \
  } while (0)

// A torn write: the first half, once; the process then dies, or goes on with the rest, whose write fails if
// STORM_ON is set.
#define WRITE(torn_call)                                                                 \
  do {                                                                                   \
    if (below_file(file) && met(kind_write)) {                                           \
      const int code = errno;                                                            \
      ssize_t written = -1;                                                              \
      if (met_torn && size > 1 && counts[kind_write] == met_call) written = (torn_call); \
      kill_if_asked();                                                                   \
      errno = code;                                                                      \
      return written;                                                                    \
    }                                                                                    \
  } while (0)

ssize_t write(int file, const void* data, size_t size) {
  WRITE(REAL(write)(file, data, size / 2));
  return REAL(write)(file, data, size);
}
ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  WRITE(REAL(pwrite)(file, data, size / 2, at));
  return REAL(pwrite)(file, data, size, at);
}
ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  WRITE(REAL(pwrite64)(file, data, size / 2, at));
  return REAL(pwrite64)(file, data, size, at);
}
ssize_t writev(int file, const struct iovec* pieces, int count) {
  FAIL_IF_MET(kind_write, below_file(file));
  return REAL(writev)(file, pieces, count);
}
ssize_t pwritev(int file, const struct iovec* pieces, int count, off_t at) {
  FAIL_IF_MET(kind_write, below_file(file));
  return REAL(pwritev)(file, pieces, count, at);
}
ssize_t copy_file_range(int from, off64_t* from_at, int file, off64_t* at, size_t size, unsigned flags) {
  FAIL_IF_MET(kind_write, below_file(file));
  return REAL(copy_file_range)(from, from_at, file, at, size, flags);
}

int fsync(int file) {
  FAIL_IF_MET(kind_sync, below_file(file));
  return REAL(fsync)(file);
}
int fdatasync(int file) {
  FAIL_IF_MET(kind_sync, below_file(file));
  return REAL(fdatasync)(file);
}

int rename(const char* from, const char* to) {
  FAIL_IF_MET(kind_rename, below_path(AT_FDCWD, to));
  return REAL(rename)(from, to);
}
int renameat(int from_at, const char* from, int to_at, const char* to) {
  FAIL_IF_MET(kind_rename, below_path(to_at, to));
  return REAL(renameat)(from_at, from, to_at, to);
}
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  FAIL_IF_MET(kind_rename, below_path(to_at, to));
  return REAL(renameat2)(from_at, from, to_at, to, flags);
}
int link(const char* from, const char* to) {
  FAIL_IF_MET(kind_rename, below_path(AT_FDCWD, to));
  return REAL(link)(from, to);
}
int linkat(int from_at, const char* from, int to_at, const char* to, int flags) {
  FAIL_IF_MET(kind_rename, below_path(to_at, to));
  return REAL(linkat)(from_at, from, to_at, to, flags);
}

int unlink(const char* path) {
  FAIL_IF_MET(kind_unlink, below_path(AT_FDCWD, path));
  return REAL(unlink)(path);
}
int unlinkat(int at, const char* path, int flags) {
  FAIL_IF_MET(kind_unlink, below_path(at, path));
  return REAL(unlinkat)(at, path, flags);
}
int remove(const char* path) {
  FAIL_IF_MET(kind_unlink, below_path(AT_FDCWD, path));
  return REAL(remove)(path);
}

int ftruncate(int file, off_t size) {
  FAIL_IF_MET(kind_truncate, below_file(file));
  return REAL(ftruncate)(file, size);
}
int ftruncate64(int file, off64_t size) {
  FAIL_IF_MET(kind_truncate, below_file(file));
  return REAL(ftruncate64)(file, size);
}
int posix_fallocate(int file, off_t at, off_t size) {
  if (below_file(file) && met(kind_truncate)) {
    kill_if_asked();
    return met_errno;
  }
  return REAL(posix_fallocate)(file, at, size);
}

static int writes(int flags) {
  return (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;
}

#define MODE(mode, flags)                       \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list arguments;                          \
    va_start(arguments, flags);                 \
    mode = va_arg(arguments, mode_t);           \
    va_end(arguments);                          \
  }

int open(const char* path, int flags, ...) {
  MODE(mode, flags)
  FAIL_IF_MET(kind_open, writes(flags) && below_path(AT_FDCWD, path));
  return REAL(open)(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE(mode, flags)
  FAIL_IF_MET(kind_open, writes(flags) && below_path(AT_FDCWD, path));
  return REAL(open64)(path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  MODE(mode, flags)
  FAIL_IF_MET(kind_open, writes(flags) && below_path(at, path));
  return REAL(openat)(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE(mode, flags)
  FAIL_IF_MET(kind_open, writes(flags) && below_path(at, path));
  return REAL(openat64)(at, path, flags, mode);
}

static FILE* open_stream(FILE* (*real)(const char*, const char*), const char* path, const char* mode) {
  if (strpbrk(mode, "wa+") != NULL && below_path(AT_FDCWD, path) && met(kind_open)) {
    kill_if_asked();
    return NULL;
  }
  return real(path, mode);
}
FILE* fopen(const char* path, const char* mode) {
  return open_stream(REAL(fopen), path, mode);
}
FILE* fopen64(const char* path, const char* mode) {
  return open_stream(REAL(fopen64), path, mode);
}

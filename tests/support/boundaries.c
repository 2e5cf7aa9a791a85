/* Counts the calls by which a process changes or reads files below one folder, and makes one of them fail.
 *
 * It is loaded into programs with LD_PRELOAD and acts in processes of Python alone. A file that all of them map says what
 * to do and holds the count, so one number names one moment of a whole tree of processes, and a test can arm a server
 * that runs already.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* The layout is that of `struct` in boundaries.py. */
struct plan {
  int64_t count;    /* calls so far */
  int64_t at;       /* the number of the call that fails; 0: none */
  int64_t error;    /* the errno it fails with; 0: the process is killed; -1: half of a write is done, then it is killed */
  int64_t onwards;  /* 1: every later call fails as well */
  int64_t kinds;    /* a set of bits: the calls that count */
  int64_t happened; /* how many failed */
  int64_t ahead;    /* seconds by which the clock is ahead */
};

enum { WRITE = 1, SYNC = 2, NAME = 4, MAKE = 8, CUT = 16, READ = 32, MODE = 64 };

static struct plan *plan;
static const char *folder;
static size_t length;
static int list = -1;
static __thread int inside;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void begin(void) {
  char program[PATH_MAX] = "";
  const char *control = getenv("FAULT_PLAN"), *kept = getenv("FAULT_FOLDER"), *listed = getenv("FAULT_LIST");
  if (!control || !kept || readlink("/proc/self/exe", program, sizeof program - 1) < 0) return;
  const char *name = strrchr(program, '/');
  if (!name || strncmp(name + 1, "python", 6)) return;
  inside = 1;
  int number = open(control, O_RDWR | O_CLOEXEC);
  if (number >= 0) {
    void *found = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
    close(number);
    folder = strdup(kept);
    length = strlen(folder);
    if (listed) list = open(listed, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (list >= 0) list = fcntl(list, F_DUPFD_CLOEXEC, 700);
    if (found != MAP_FAILED) plan = found;
  }
  inside = 0;
}

static int is_below(const char *path) { return path && !strncmp(path, folder, length); }

static const char *path_of(int number, char *into) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", number);
  ssize_t size = readlink(link, into, PATH_MAX - 1);
  if (size < 0) return NULL;
  into[size] = 0;
  return into;
}

static const char *path_at(int at, const char *path, char *into) {
  if (path[0] == '/') return path;
  char around[PATH_MAX];
  if (at == AT_FDCWD ? !getcwd(around, sizeof around) : !path_of(at, around)) return NULL;
  return snprintf(into, PATH_MAX, "%s/%s", around, path) < PATH_MAX ? into : NULL;
}

/* 0: go on; 1: fail with errno; 2: do half of it and be killed. */
static int meets(int kind, const char *name, const char *path) {
  if (!plan || inside || !(plan->kinds & kind) || !is_below(path)) return 0;
  inside = 1;
  int64_t number = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST);
  if (list >= 0) {
    char line[PATH_MAX + 64];
    int size = snprintf(line, sizeof line, "%lld %s %s\n", (long long)number, name, path + length);
    if (write(list, line, size)) {}
  }
  inside = 0;
  if (!plan->at || number < plan->at || (number > plan->at && !plan->onwards)) return 0;
  __atomic_add_fetch(&plan->happened, 1, __ATOMIC_SEQ_CST);
  if (plan->error == 0) kill(getpid(), SIGKILL), pause();
  if (plan->error < 0) return 2;
  errno = (int)plan->error;
  return 1;
}

static void die(void) { kill(getpid(), SIGKILL), pause(); }

ssize_t write(int number, const void *data, size_t size) {
  REAL(write);
  char path[PATH_MAX];
  int what = plan && !inside ? meets(WRITE, "write", path_of(number, path)) : 0;
  if (what == 1) return -1;
  if (what == 2) size = real(number, data, size / 2), die();
  return real(number, data, size);
}

#define WRITES_AT(name, offset) \
  ssize_t name(int number, const void *data, size_t size, offset start) { \
    REAL(name); \
    char path[PATH_MAX]; \
    int what = plan && !inside ? meets(WRITE, "pwrite", path_of(number, path)) : 0; \
    if (what == 1) return -1; \
    if (what == 2) size = real(number, data, size / 2, start), die(); \
    return real(number, data, size, start); \
  }
WRITES_AT(pwrite, off_t)
WRITES_AT(pwrite64, off64_t)

ssize_t read(int number, void *data, size_t size) {
  REAL(read);
  char path[PATH_MAX];
  if (plan && !inside && plan->kinds & READ && meets(READ, "read", path_of(number, path))) return -1;
  return real(number, data, size);
}

#define READS_AT(name, offset) \
  ssize_t name(int number, void *data, size_t size, offset start) { \
    REAL(name); \
    char path[PATH_MAX]; \
    if (plan && !inside && plan->kinds & READ && meets(READ, "pread", path_of(number, path))) return -1; \
    return real(number, data, size, start); \
  }
READS_AT(pread, off_t)
READS_AT(pread64, off64_t)

#define ON_FILE(name, kind, parameters, ...) \
  int name parameters { \
    REAL(name); \
    char path[PATH_MAX]; \
    int what = plan && !inside ? meets(kind, #name, path_of(number, path)) : 0; \
    if (what == 1) return -1; \
    if (what == 2) die(); \
    return real(__VA_ARGS__); \
  }
ON_FILE(fsync, SYNC, (int number), number)
ON_FILE(fdatasync, SYNC, (int number), number)
ON_FILE(ftruncate, CUT, (int number, off_t size), number, size)
ON_FILE(ftruncate64, CUT, (int number, off64_t size), number, size)
ON_FILE(fchmod, MODE, (int number, mode_t mode), number, mode)

#define ON_PATH(name, kind, at, path, parameters, ...) \
  int name parameters { \
    REAL(name); \
    char full[PATH_MAX]; \
    int what = plan && !inside ? meets(kind, #name, path_at(at, path, full)) : 0; \
    if (what == 1) return -1; \
    if (what == 2) die(); \
    return real(__VA_ARGS__); \
  }
ON_PATH(rename, NAME, AT_FDCWD, to, (const char *from, const char *to), from, to)
ON_PATH(renameat, NAME, there, to, (int here, const char *from, int there, const char *to), here, from, there, to)
ON_PATH(link, NAME, AT_FDCWD, to, (const char *from, const char *to), from, to)
ON_PATH(symlink, NAME, AT_FDCWD, to, (const char *from, const char *to), from, to)
ON_PATH(linkat, NAME, there, to, (int here, const char *from, int there, const char *to, int flags), here, from, there,
        to, flags)
ON_PATH(unlink, NAME, AT_FDCWD, path, (const char *path), path)
ON_PATH(unlinkat, NAME, at, path, (int at, const char *path, int flags), at, path, flags)
ON_PATH(rmdir, NAME, AT_FDCWD, path, (const char *path), path)
ON_PATH(mkdir, MAKE, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
ON_PATH(mkdirat, MAKE, at, path, (int at, const char *path, mode_t mode), at, path, mode)
ON_PATH(chmod, MODE, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
ON_PATH(fchmodat, MODE, at, path, (int at, const char *path, mode_t mode, int flags), at, path, mode, flags)

static int opens(const char *path, int flags, int at) {
  char full[PATH_MAX];
  if (!plan || inside) return 0;
  int is_for_writing = flags & (O_CREAT | O_TRUNC);
  if (!is_for_writing && !(plan->kinds & READ)) return 0;
  return meets(is_for_writing ? MAKE : READ, is_for_writing ? "create" : "open", path_at(at, path, full));
}

#define OPENS(name, at, first, ...) \
  int name first { \
    REAL(name); \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
      va_list more; \
      va_start(more, flags); \
      mode = va_arg(more, mode_t); \
      va_end(more); \
    } \
    int what = opens(path, flags, at); \
    if (what == 1) return -1; \
    if (what == 2) die(); \
    return real(__VA_ARGS__, mode); \
  }
OPENS(open, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPENS(open64, AT_FDCWD, (const char *path, int flags, ...), path, flags)
OPENS(openat, there, (int there, const char *path, int flags, ...), there, path, flags)
OPENS(openat64, there, (int there, const char *path, int flags, ...), there, path, flags)

int clock_gettime(clockid_t clock, struct timespec *into) {
  REAL(clock_gettime);
  int said = real(clock, into);
  if (plan && clock == CLOCK_REALTIME) into->tv_sec += plan->ahead;
  return said;
}

int gettimeofday(struct timeval *restrict into, void *restrict zone) {
  REAL(gettimeofday);
  int said = real(into, zone);
  if (plan) into->tv_sec += plan->ahead;
  return said;
}

time_t time(time_t *into) {
  REAL(time);
  time_t now = real(NULL) + (plan ? plan->ahead : 0);
  if (into) *into = now;
  return now;
}

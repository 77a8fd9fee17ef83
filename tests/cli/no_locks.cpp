// A library to preload: it emulates a file system without file locks, as on some disks of clusters
// (MODSWEEP_NO_LOCKS: the errno that lock calls return). LOCKS=process: only locks of a process fail;
// LOCKS=file: only those of an open file.
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fcntl.h>

namespace {

bool refuses(int command) {
  const char* answer = std::getenv("MODSWEEP_NO_LOCKS");
  if (answer == nullptr) return false;
  const char* which = std::getenv("LOCKS");
  const bool of_process = command == F_SETLK || command == F_SETLKW;
  const bool of_file = command == F_OFD_SETLK || command == F_OFD_SETLKW;
  if (which != nullptr && std::strcmp(which, "process") == 0 && !of_process) return false;
  if (which != nullptr && std::strcmp(which, "file") == 0 && !of_file) return false;
  if (!of_process && !of_file) return false;
  errno = std::atoi(answer);
  return true;
}

int call(const char* name, int fd, int command, void* argument) {
  if (refuses(command)) return -1;
  using Fcntl = int (*)(int, int, ...);
  const auto next = reinterpret_cast<Fcntl>(dlsym(RTLD_NEXT, name));
  return next(fd, command, argument);
}

void* argument_of(va_list arguments) {
  return va_arg(arguments, void*);
}

}  // namespace

extern "C" int fcntl(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = argument_of(arguments);
  va_end(arguments);
  return call("fcntl", fd, command, argument);
}

extern "C" int fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void* argument = argument_of(arguments);
  va_end(arguments);
  return call("fcntl64", fd, command, argument);
}

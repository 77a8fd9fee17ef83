# Writes OUTPUT, the source file behind version.h: VERSION, and the current commit of SOURCE.
set(revision "unknown")
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --abbrev=7 --exclude=* --dirty=+
    OUTPUT_VARIABLE found RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(revision "${found}")
  endif()
endif()
set(text "// Made by the build.
#include \"modsweep/version.h\"

namespace modsweep {

std::string program_version() {
  return \"${VERSION}\";
}

std::string program_revision() {
  return \"${revision}\";
}

std::string build_text() {
  return \"${VERSION}, commit ${revision}\";
}

}  // namespace modsweep
")
set(present "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} present)
endif()
if(NOT present STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()

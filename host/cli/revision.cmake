# Writes OUTPUT, a source file that tells which commit SOURCE stands at.
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
#include \"cli/version.h\"

namespace modsweep::cli {

std::string program_revision() {
  return \"${revision}\";
}

}  // namespace modsweep::cli
")
set(present "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} present)
endif()
if(NOT present STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()

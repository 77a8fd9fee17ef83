# cmake -DPAGE=FILE.md -DPROGRAM=FILE.cpp -P check_page.cmake: the page contains the program, word for word.
file(READ ${PAGE} page)
file(READ ${PROGRAM} program)
string(FIND "${page}" "```cpp\n${program}```\n" place)
if(place EQUAL -1)
  message(FATAL_ERROR "${PAGE} does not show ${PROGRAM} as it is; copy it between the lines ```cpp and ```")
endif()

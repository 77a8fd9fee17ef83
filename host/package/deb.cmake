# A Debian package of this build: cpack in the build folder. What it depends on is read from the program
# (dpkg-shlibdeps), what the library is compiled with is suggested only. CUDA's libraries are no packages of Debian: a
# module that was built with them finds them where they were.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME modsweep)
set(CPACK_PACKAGE_VENDOR "The modsweep authors")
set(CPACK_PACKAGE_CONTACT "The modsweep authors <modsweep@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "train and measure whole grids of small neural networks
 A sweep file describes the base run and the axes of a grid. All networks train together, and the modularity of
 every layer is measured as often as asked for. One SQLite file has all results.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS gnuplot-nox)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS
  "bash-completion, libfmt-dev, librandom123-dev, libsleef-dev, libsqlite3-dev, libsqlitecpp-dev")
set(CPACK_VERBATIM_VARIABLES ON)
include(CPack)

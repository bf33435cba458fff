# The Debian packages: shmpubd (the daemon, its service, the command shmpub), libshmpub1 and libshmpub-dev.
# There is none for Python: Debian 12 has pandas 1.5, and the client needs 3.1 (client-py/README.md).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME shmpub)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_OUTPUT_FILE_PREFIX ${PROJECT_BINARY_DIR}/packages)
set(SHMPUB_MAINTAINER "the shmpub authors <shmpub@localhost.localdomain>" CACHE STRING
	"Who answers for the packages: NAME <ADDRESS>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${SHMPUB_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "CSV sources, parsed once, as tables in shared memory")
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL daemon library development)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
	GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/finish.cmake)

get_target_property(abi shmpub SOVERSION)
set(library libshmpub${abi})
set(full_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")

set(CPACK_DEBIAN_DAEMON_PACKAGE_NAME shmpubd)
set(CPACK_DEBIAN_DAEMON_PACKAGE_SHLIBDEPS ON)
# systemd-sysusers makes the user; init-system-helpers has deb-systemd-helper.
set(CPACK_DEBIAN_DAEMON_PACKAGE_DEPENDS
	"systemd | systemd-standalone-sysusers | systemd-sysusers, init-system-helpers (>= 1.52)")
set(CPACK_COMPONENT_DAEMON_DESCRIPTION "The daemon shmpubd reads CSV sources whenever they change, parses each once,
and publishes it as an immutable Arrow file in shared memory, where any
number of programs map it without a copy. The command shmpub lists, prints
and watches the tables.")
set(CPACK_DEBIAN_DAEMON_PACKAGE_CONTROL_EXTRA
	${CMAKE_CURRENT_LIST_DIR}/postinst ${CMAKE_CURRENT_LIST_DIR}/prerm
	${CMAKE_CURRENT_LIST_DIR}/postrm ${CMAKE_CURRENT_LIST_DIR}/conffiles)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "Programs in C and C++ read the tables that shmpubd publishes, and publish
tables of their own, by this library.")
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/triggers)

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libshmpub-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${library} (= ${full_version})")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "The header, the static library, and the files for pkg-config and CMake of
${library}.")

include(CPack)

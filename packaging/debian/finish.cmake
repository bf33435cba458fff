# cpack runs this when the packages' files are in place: it adds what Debian wants in each package, and gives
# every file the time of SOURCE_DATE_EPOCH, so that the same sources give the same bytes.
cmake_minimum_required(VERSION 3.25)

function(run)
	execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

# The name of the package of each component is the name of its folder of documents.
set(name_daemon ${CPACK_DEBIAN_DAEMON_PACKAGE_NAME})
set(name_library ${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME})
set(name_development ${CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME})
set(here ${CMAKE_CURRENT_LIST_DIR})

if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
	message(FATAL_ERROR "SOURCE_DATE_EPOCH is not set: scripts/package-debian sets it")
endif()
string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH

foreach(component IN ITEMS daemon library development)
	set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
	set(doc ${root}/usr/share/doc/${name_${component}})
	file(MAKE_DIRECTORY ${doc})
	if(component STREQUAL "daemon")
		file(GLOB docs ${root}/usr/share/doc/shmpub/*)
		file(COPY ${docs} DESTINATION ${doc})
		file(REMOVE_RECURSE ${root}/usr/share/doc/shmpub ${doc}/LICENSE ${doc}/CHANGELOG.md)
		file(COPY_FILE ${here}/../../CHANGELOG.md ${doc}/changelog)
		run(gzip -9n ${doc}/changelog)
	endif()
	file(COPY ${here}/copyright DESTINATION ${doc})
	file(WRITE ${doc}/changelog.Debian "shmpub (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * Packages as the upstream sources build them: see the changelog there.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${now}
")
	run(gzip -9n ${doc}/changelog.Debian)
	if(EXISTS ${here}/overrides.${component})
		file(MAKE_DIRECTORY ${root}/usr/share/lintian/overrides)
		file(COPY_FILE ${here}/overrides.${component} ${root}/usr/share/lintian/overrides/${name_${component}})
	endif()
	file(GLOB pages ${root}/usr/share/man/man*/*.[0-9])
	foreach(page IN LISTS pages)
		run(gzip -9n ${page})
	endforeach()
	run(find ${root} -type d -exec chmod 755 {} +)
	run(find ${root} -type f -not -perm /111 -exec chmod 644 {} +)
	run(find ${root} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +)
endforeach()

# What is different in a build for Windows.

# Calls of Windows that the library makes.
set(SHMPUB_WINDOWS_LIBRARIES advapi32)

# shmpub.dll and its import library, and the static library. The functions that the DLL exports are those
# of the public header, which says nothing of Windows itself: a program that imports them needs nothing more.
function(shmpub_windows_library)
	file(STRINGS ${PROJECT_SOURCE_DIR}/include/shmpub/shmpub.h declarations REGEX "^SHMPUB_API ")
	set(exports "EXPORTS")
	foreach(line IN LISTS declarations)
		string(REGEX MATCH "shmpub_[a-z0-9_]+\\(" name "${line}")
		string(REPLACE "(" "" name "${name}")
		if(NOT name)
			message(FATAL_ERROR "shmpub.h: no function in \"${line}\"")
		endif()
		string(APPEND exports "\n\t${name}")
	endforeach()
	set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY
		CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/shmpub/shmpub.h)
	set(def ${CMAKE_CURRENT_BINARY_DIR}/shmpub.def)
	file(CONFIGURE OUTPUT ${def} CONTENT "${exports}\n" @ONLY)

	add_library(shmpub SHARED $<TARGET_OBJECTS:shmpub_core> ${def})
	set_target_properties(shmpub PROPERTIES PREFIX "")
	# MSVC calls import libraries and static libraries alike.
	add_library(shmpub_static STATIC $<TARGET_OBJECTS:shmpub_core>)
	set_target_properties(shmpub_static PROPERTIES OUTPUT_NAME $<IF:$<BOOL:${MSVC}>,shmpub_static,shmpub>)
	target_link_libraries(shmpub_core PUBLIC ${SHMPUB_WINDOWS_LIBRARIES})
	target_link_libraries(shmpub PRIVATE ${SHMPUB_WINDOWS_LIBRARIES})
	target_link_libraries(shmpub_static INTERFACE ${SHMPUB_WINDOWS_LIBRARIES})
endfunction()

# Windows looks for a DLL in the folder of the program.
function(shmpub_copy_library target)
	add_custom_command(TARGET ${target} POST_BUILD VERBATIM
		COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:shmpub> $<TARGET_FILE_DIR:${target}>)
endfunction()

if(MINGW)
	# isnan() and isinf() are macros there, with a branch for float that gcc warns of. Linux's build
	# looks at the same code with this warning.
	add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wno-float-conversion>)
endif()

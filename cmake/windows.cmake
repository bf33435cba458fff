# What is different in a build for Windows.

# Calls of Windows that the library makes.
set(SHMPUB_WINDOWS_LIBRARIES advapi32)

# shmpub.dll and its import library, and the static library. The functions that the DLL exports are those
# of the public headers, which say nothing of Windows itself: a program that imports them needs nothing more.
function(shmpub_windows_library)
	set(headers ${PROJECT_SOURCE_DIR}/include/shmpub/shmpub.h ${PROJECT_SOURCE_DIR}/include/shmpub/feed_errors.h
	    ${PROJECT_SOURCE_DIR}/include/shmpub/new_rows.h)
	set(names "")
	foreach(header IN LISTS headers)
		file(STRINGS ${header} declarations REGEX "^SHMPUB_API ")
		foreach(line IN LISTS declarations)
			string(REGEX MATCH "shmpub_[a-z0-9_]+\\(" name "${line}")
			string(REPLACE "(" "" name "${name}")
			if(NOT name)
				message(FATAL_ERROR "${header}: no function in \"${line}\"")
			endif()
			list(APPEND names ${name})
		endforeach()
	endforeach()
	list(JOIN names "\n" names)
	set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY
		CMAKE_CONFIGURE_DEPENDS ${headers})
	set(def ${CMAKE_CURRENT_BINARY_DIR}/shmpub.def)
	set(names_file ${CMAKE_CURRENT_BINARY_DIR}/shmpub.names)
	file(CONFIGURE OUTPUT ${def} CONTENT "EXPORTS\n${names}\n" @ONLY)
	file(CONFIGURE OUTPUT ${names_file} CONTENT "${names}\n" @ONLY)

	add_library(shmpub SHARED $<TARGET_OBJECTS:shmpub_core> ${def})
	set_target_properties(shmpub PROPERTIES PREFIX "")
	shmpub_resources(shmpub "Tables in shared memory: the library")
	if(MINGW) # as for other systems, see lib/CMakeLists.txt
		set(whole ${CMAKE_CURRENT_BINARY_DIR}/shmpub_whole.obj)
		add_custom_command(OUTPUT ${whole}
			COMMAND ${CMAKE_LINKER} -r -o ${whole} $<TARGET_OBJECTS:shmpub_core>
			COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${names_file} ${whole}
			DEPENDS shmpub_core $<TARGET_OBJECTS:shmpub_core> ${names_file}
			COMMAND_EXPAND_LISTS VERBATIM)
		add_library(shmpub_static STATIC ${whole})
		set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
		set_target_properties(shmpub_static PROPERTIES OUTPUT_NAME shmpub)
	else() # where the import library is called shmpub.lib
		add_library(shmpub_static STATIC $<TARGET_OBJECTS:shmpub_core>)
		set_target_properties(shmpub_static PROPERTIES OUTPUT_NAME shmpub_static)
	endif()
	target_link_libraries(shmpub_core PUBLIC ${SHMPUB_WINDOWS_LIBRARIES})
	target_link_libraries(shmpub PRIVATE ${SHMPUB_WINDOWS_LIBRARIES})
	target_link_libraries(shmpub_static INTERFACE ${SHMPUB_WINDOWS_LIBRARIES})
endfunction()

# Windows looks for a DLL in the folder of the program.
function(shmpub_copy_library target)
	add_custom_command(TARGET ${target} POST_BUILD VERBATIM
		COMMAND ${CMAKE_COMMAND} -E copy_if_different $<TARGET_FILE:shmpub> $<TARGET_FILE_DIR:${target}>)
endfunction()

if(MSVC)
	add_compile_definitions(_CRT_SECURE_NO_WARNINGS)
	# The allocator counts with <stdatomic.h>, which its C compiler has behind this.
	if(CMAKE_C_COMPILER_ID STREQUAL "MSVC")
		add_compile_options($<$<COMPILE_LANGUAGE:C>:/experimental:c11atomics>)
	endif()
endif()
if(MINGW)
	# The stack of Windows is aligned to 16 bytes, and gcc before 15 does not align it further, but puts
	# vectors of 32 bytes there by instructions that fault where they are not aligned (gcc's bug 54412).
	# The assembler takes the other kind, which is as quick.
	if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
		set(SHMPUB_WIDE_OPTIONS ";-Wa,-muse-unaligned-vector-move")
	endif()
	# isnan() and isinf() are macros there, with a branch for float that gcc warns of. Linux's build
	# looks at the same code with this warning.
	add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wno-float-conversion>)
endif()

# shmpub_resources(TARGET "DESCRIPTION"): the version that Windows shows, and the manifest.
function(shmpub_resources target description)
	enable_language(RC)
	set(manifest ${PROJECT_SOURCE_DIR}/packaging/windows/shmpub.manifest)
	get_target_property(kind ${target} TYPE)
	get_target_property(name ${target} OUTPUT_NAME)
	if(NOT name)
		set(name ${target})
	endif()
	if(kind STREQUAL "EXECUTABLE")
		set(type VFT_APP)
		set(resource "1 24 \"${manifest}\"") # CREATEPROCESS_MANIFEST_RESOURCE_ID, RT_MANIFEST
		string(APPEND name ".exe")
	else()
		set(type VFT_DLL)
		set(resource "")
		string(APPEND name ".dll")
	endif()
	if(MSVC AND resource) # its linker makes the resource
		set(resource "")
		target_sources(${target} PRIVATE ${manifest})
	endif()
	string(REPLACE "." "," numbers "${PROJECT_VERSION}.0")
	set(manifest "${resource}")
	configure_file(${PROJECT_SOURCE_DIR}/packaging/windows/version.rc.in ${CMAKE_CURRENT_BINARY_DIR}/${target}.rc @ONLY)
	target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${target}.rc)
endfunction()

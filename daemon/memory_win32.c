#include "memory.h"

#include <windows.h>

/*
 * A job bounds the memory of its processes, as a control group does: that of a container, or of
 * a process that a scheduler started. Memory and page file together bound what can be
 * committed. This can be less than the machine's memory if somebody has switched the page file
 * off, so it counts too.
 */

static void bound_by_job(uint64_t *bound)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION job = { .ProcessMemoryLimit = 0 };
	DWORD flags;

	if (!QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &job, sizeof(job),
	                               NULL))
		return;
	flags = job.BasicLimitInformation.LimitFlags;
	if ((flags & JOB_OBJECT_LIMIT_PROCESS_MEMORY) && job.ProcessMemoryLimit < *bound)
		*bound = job.ProcessMemoryLimit;
	if ((flags & JOB_OBJECT_LIMIT_JOB_MEMORY) && job.JobMemoryLimit < *bound)
		*bound = job.JobMemoryLimit;
}

uint64_t memory_allowed(const char *root)
{
	MEMORYSTATUSEX m = { .dwLength = sizeof(m) };
	uint64_t bound = UINT64_MAX;

	(void)root;
	if (GlobalMemoryStatusEx(&m))
		bound = m.ullTotalPhys < m.ullTotalPageFile ? m.ullTotalPhys : m.ullTotalPageFile;
	bound_by_job(&bound);
	return bound;
}

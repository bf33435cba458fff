/*
 * hold_file PATH: hold a file open without sharing it, as a spreadsheet does, until standard
 * input ends. Says "held" when it has it.
 */
#include <windows.h>
#include <shellapi.h>
#include <stdio.h>

int main(void)
{
	int n;
	wchar_t **words = CommandLineToArgvW(GetCommandLineW(), &n);
	HANDLE h;
	char byte;

	if (n != 2)
		return 2;
	h = CreateFileW(words[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
	if (h == INVALID_HANDLE_VALUE) {
		printf("error %lu\n", GetLastError());
		return 1;
	}
	printf("held\n");
	fflush(stdout);
	while (fread(&byte, 1, 1, stdin) == 1)
		;
	CloseHandle(h);
	LocalFree(words);
	return 0;
}

; The installer, by makensis: scripts/package-windows calls it with VERSION, STAGE (the folder whose files are
; installed), LISTS (install.nsh and uninstall.nsh, a line for each of those files) and OUT.
;
;   shmpub-VERSION-setup.exe [/S] [/PATH] [/SERVICE] [/D=FOLDER]
;
; /S asks nothing; /PATH and /SERVICE choose what is not installed otherwise. What it makes, its uninstaller
; removes: a configuration only as long as nobody changed it.

Unicode true
Target amd64-unicode
ManifestSupportedOS Win10
ManifestDPIAware true
ManifestLongPathAware true
RequestExecutionLevel admin
SetCompressor /SOLID lzma
SetDateSave on

!include LogicLib.nsh
!include FileFunc.nsh
!include Sections.nsh
!include MUI2.nsh
!include WinMessages.nsh
!include TextFunc.nsh

Name "shmpub ${VERSION}"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\shmpub"
BrandingText "shmpub ${VERSION}"
VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "shmpub"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey FileDescription "Installs shmpub"
VIAddVersionKey CompanyName "the shmpub authors"
VIAddVersionKey LegalCopyright "MIT licence"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\shmpub"
!define ENVIRONMENT "System\CurrentControlSet\Control\Session Manager\Environment"
; A text of this program has room for 1023 characters. What could be longer is left as it is.
!define PATH_MAX 1000

!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_TEXT "The configuration is $APPDATA\shmpub\shmpubd.ini. docs\WINDOWS.md goes on from here."
!insertmacro MUI_PAGE_LICENSE "${STAGE}\LICENSE.txt"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

Var restart   ; the service ran before, and is started again
Var exit_code
Var changed   ; the configuration differs from the sample

!macro run arguments
	nsExec::ExecToLog '"$INSTDIR\bin\shmpubd.exe" ${arguments}'
	Pop $exit_code
!macroend

; Fail with a line; without anybody there, with an exit code.
!macro complain text
	DetailPrint "${text}"
	MessageBox MB_OK|MB_ICONEXCLAMATION "${text}" /SD IDOK
	SetErrorLevel 2
!macroend

Section "Programs, library, documentation" section_programs
	SectionIn RO
	SetShellVarContext all
	; A running program cannot be replaced.
	StrCpy $restart ""
	${If} ${FileExists} "$INSTDIR\bin\shmpubd.exe"
		!insertmacro run "service status"
		${If} $exit_code == 0
			!insertmacro run "service stop"
			StrCpy $restart yes
		${EndIf}
	${EndIf}

	!include "${LISTS}\install.nsh"
	SetOutPath "$INSTDIR"
	WriteUninstaller "$INSTDIR\uninstall.exe"

	WriteRegStr HKLM "${UNINSTALL}" DisplayName "shmpub ${VERSION}"
	WriteRegStr HKLM "${UNINSTALL}" DisplayVersion "${VERSION}"
	WriteRegStr HKLM "${UNINSTALL}" Publisher "the shmpub authors"
	WriteRegStr HKLM "${UNINSTALL}" InstallLocation "$INSTDIR"
	WriteRegStr HKLM "${UNINSTALL}" UninstallString '"$INSTDIR\uninstall.exe"'
	WriteRegStr HKLM "${UNINSTALL}" QuietUninstallString '"$INSTDIR\uninstall.exe" /S'
	WriteRegDWORD HKLM "${UNINSTALL}" NoModify 1
	WriteRegDWORD HKLM "${UNINSTALL}" NoRepair 1
	${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
	WriteRegDWORD HKLM "${UNINSTALL}" EstimatedSize $0

	; The configuration is the administrator's: one that is there stays.
	; Plain users may make folders there, so it is closed to their writing: administrators and SYSTEM all, Users read.
	${IfNot} ${FileExists} "$APPDATA\shmpub\*.*"
		CreateDirectory "$APPDATA\shmpub"
		nsExec::Exec '"$SYSDIR\icacls.exe" "$APPDATA\shmpub" /inheritance:r /grant:r *S-1-5-32-544:(OI)(CI)F *S-1-5-18:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX'
		Pop $0
	${EndIf}
	${IfNot} ${FileExists} "$APPDATA\shmpub\shmpubd.ini"
		CopyFiles /SILENT "$INSTDIR\config\shmpubd.ini" "$APPDATA\shmpub\shmpubd.ini"
	${EndIf}
	${If} $restart == yes
		!insertmacro run "service start"
	${EndIf}
SectionEnd

Section /o "Commands in every terminal (PATH)" section_path
	ClearErrors
	ReadRegStr $0 HKLM "${ENVIRONMENT}" Path
	StrLen $1 "$0$INSTDIR"
	${If} ${Errors}
	${OrIf} $1 > ${PATH_MAX}
		!insertmacro complain "PATH is too long for this program. Add $INSTDIR\bin to it by hand, if you like."
	${Else}
		Push "$0;"
		Push ";$INSTDIR\bin;"
		Call position
		Pop $1
		${If} "$0" != "$INSTDIR\bin"
		${AndIf} $1 == -1
			WriteRegExpandStr HKLM "${ENVIRONMENT}" Path "$0;$INSTDIR\bin"
			WriteRegDWORD HKLM "${UNINSTALL}" PathChanged 1
			SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
		${EndIf}
	${EndIf}
SectionEnd

Section /o "Windows service shmpubd" section_service
	SetShellVarContext all
	!insertmacro run "service status"
	${If} $exit_code == 4
		!insertmacro run 'service install --config "$APPDATA\shmpub\shmpubd.ini" --auto-restart'
		${If} $exit_code == 0
			WriteRegDWORD HKLM "${UNINSTALL}" ServiceMade 1
		${Else}
			!insertmacro complain "The service was not made. Make $APPDATA\shmpub\shmpubd.ini yours, then: shmpubd service install"
		${EndIf}
	${EndIf}
SectionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
	!insertmacro MUI_DESCRIPTION_TEXT ${section_programs} "shmpubd, shmpub, shmpub.dll with its header, and docs."
	!insertmacro MUI_DESCRIPTION_TEXT ${section_path} "For all users of this computer."
	!insertmacro MUI_DESCRIPTION_TEXT ${section_service} "Starts with Windows; 'shmpubd service start' starts it now. Needs a configuration with a feed."
!insertmacro MUI_FUNCTION_DESCRIPTION_END

; position: where the second text begins in the first, -1: nowhere. Without regard to case, as paths are.
!macro position_function un
Function ${un}position
	Exch $R1 ; what is looked for
	Exch
	Exch $R0 ; where
	Push $R2
	Push $R3
	Push $R4
	StrLen $R2 $R1
	StrCpy $R3 0
	${Do}
		StrCpy $R4 $R0 $R2 $R3
		${If} $R4 == $R1
			${Break}
		${EndIf}
		StrLen $R4 $R4
		${If} $R4 < $R2
			StrCpy $R3 -1
			${Break}
		${EndIf}
		IntOp $R3 $R3 + 1
	${Loop}
	StrCpy $R1 $R3
	Pop $R4
	Pop $R3
	Pop $R2
	Pop $R0
	Exch $R1
FunctionEnd
!macroend
!insertmacro position_function ""
!insertmacro position_function "un."

; An installation that is there is replaced where it is.
Function .onInit
	SetRegView 64
	SetShellVarContext all
	${GetParameters} $0
	ClearErrors
	${GetOptions} $0 "/PATH" $1
	${IfNot} ${Errors}
		!insertmacro SelectSection ${section_path}
	${EndIf}
	ClearErrors
	${GetOptions} $0 "/SERVICE" $1
	${IfNot} ${Errors}
		!insertmacro SelectSection ${section_service}
	${EndIf}
	ReadRegStr $0 HKLM "${UNINSTALL}" InstallLocation
	${If} $0 != ""
	${AndIf} $INSTDIR == "$PROGRAMFILES64\shmpub"
		StrCpy $INSTDIR $0
	${EndIf}
FunctionEnd

Function un.onInit
	SetRegView 64
	SetShellVarContext all
FunctionEnd

Function un.remove_from_path
	ClearErrors
	ReadRegStr $0 HKLM "${ENVIRONMENT}" Path
	${If} ${Errors}
		Return
	${EndIf}
	; Between semicolons, so that the last place is found as any other.
	StrCpy $0 "$0;"
	Push $0
	Push ";$INSTDIR\bin;"
	Call un.position
	Pop $1
	${If} $1 == -1
		Return
	${EndIf}
	StrLen $2 ";$INSTDIR\bin"
	StrCpy $3 $0 $1     ; before
	IntOp $1 $1 + $2
	StrCpy $4 $0 "" $1  ; after, with its semicolon
	StrCpy $0 "$3$4" -1 ; without the one that was added
	WriteRegExpandStr HKLM "${ENVIRONMENT}" Path $0
	SendMessage ${HWND_BROADCAST} ${WM_SETTINGCHANGE} 0 "STR:Environment" /TIMEOUT=2000
FunctionEnd

Function un.remove_configuration
	StrCpy $changed ""
	${If} ${FileExists} "$APPDATA\shmpub\shmpubd.ini"
		${un.TextCompareS} "$APPDATA\shmpub\shmpubd.ini" "$INSTDIR\config\shmpubd.ini" "FastDiff" "un.differs"
		${If} $changed == ""
			Delete "$APPDATA\shmpub\shmpubd.ini"
		${Else}
			DetailPrint "Kept, as it was changed: $APPDATA\shmpub\shmpubd.ini"
		${EndIf}
	${EndIf}
	RMDir "$APPDATA\shmpub" ; if nothing is left in it
FunctionEnd

Function un.differs
	StrCpy $changed yes
	Push StopTextCompare
FunctionEnd

Section Uninstall
	ReadRegDWORD $0 HKLM "${UNINSTALL}" ServiceMade
	${If} $0 == 1
		!insertmacro run "service uninstall"
	${EndIf}
	ReadRegDWORD $0 HKLM "${UNINSTALL}" PathChanged
	${If} $0 == 1
		Call un.remove_from_path
	${EndIf}
	Call un.remove_configuration
	!include "${LISTS}\uninstall.nsh"
	Delete "$INSTDIR\uninstall.exe"
	RMDir "$INSTDIR"
	DeleteRegKey HKLM "${UNINSTALL}"
SectionEnd

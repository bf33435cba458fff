<#
.SYNOPSIS
What only real Windows can show of shmpub: each item prints PASS or FAIL, with the reason.

.DESCRIPTION
The project's tests run under Wine, which has no users that are less than administrators, keeps no
event log, restarts no service and shuts down nothing. Run this in an elevated Windows PowerShell
(5.1 or later), logged on as an ordinary user who is an administrator. It installs services named
shmpub-check*, and removes them again; nothing else of the computer changes.

    powershell -ExecutionPolicy Bypass -File windows-checklist.ps1
    ... -Only 'service.*'          some items
    ... -BeforeRestart             leaves a service that runs, to restart Windows with
    ... -AfterRestart              judges that restart, and removes the service

.PARAMETER Programs
The folder of shmpubd.exe and shmpub.exe.
#>
[CmdletBinding()]
param(
    [string] $Programs = "$env:ProgramFiles\shmpub\bin",
    [string] $Only = '*',
    [switch] $BeforeRestart,
    [switch] $AfterRestart
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'

$Shmpubd = Join-Path $Programs 'shmpubd.exe'
$Shmpub = Join-Path $Programs 'shmpub.exe'
$Place = Join-Path $env:ProgramData 'shmpub-check'
$Failures = [System.Collections.Generic.List[string]]::new()

# --- how an item runs --------------------------------------------------------------------------------

# An item passes when its block ends; it fails by throwing, and the text is the reason.
function Test-Item {
    param([string] $Name, [scriptblock] $Block)
    if ($Name -notlike $Only) { return }
    try {
        & $Block
        "PASS  $Name"
    }
    catch {
        $Failures.Add($Name)
        "FAIL  $Name  $($_.Exception.Message)"
    }
}

function Assert-That {
    param([bool] $Condition, [string] $Otherwise)
    if (-not $Condition) { throw $Otherwise }
}

function Wait-Until {
    param([scriptblock] $Condition, [int] $Seconds, [string] $Otherwise)
    $end = (Get-Date).AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ((Get-Date) -gt $end) { throw $Otherwise }
        Start-Sleep -Milliseconds 200
    }
}

# A program's exit code and everything it said.
function Invoke-Program {
    param([string] $Path, [string] $Arguments)
    $start = [System.Diagnostics.ProcessStartInfo]::new($Path, $Arguments)
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = [System.Text.Encoding]::UTF8
    $start.StandardErrorEncoding = [System.Text.Encoding]::UTF8
    $process = [System.Diagnostics.Process]::Start($start)
    $errors = $process.StandardError.ReadToEndAsync()
    $output = $process.StandardOutput.ReadToEnd()
    $process.WaitForExit()
    [pscustomobject]@{ Code = $process.ExitCode; Text = $output + $errors.Result }
}

# The same by the logged-on user without elevation: a scheduled task with the limited token. Its files are
# where that user may write: what is made elsewhere with elevation belongs to the administrators. The text
# of a redirection stands before echo, since a digit before ">>" would name a handle.
function Invoke-AsPlainUser {
    param([string] $Path, [string] $Arguments)
    $name = 'shmpub-check-plain'
    $out = Join-Path $env:TEMP 'shmpub-check-plain.txt'
    $script = Join-Path $env:TEMP 'shmpub-check-plain.cmd'
    Set-Content $out '' -Encoding Ascii
    Set-Content $script -Encoding Ascii @(
        '@echo off', "`"$Path`" $Arguments >`"$out`" 2>&1", ">>`"$out`" echo CODE=%errorlevel%")
    $action = New-ScheduledTaskAction -Execute 'cmd.exe' -Argument "/c `"$script`""
    $user = New-ScheduledTaskPrincipal -UserId "$env:USERDOMAIN\$env:USERNAME" -LogonType Interactive -RunLevel Limited
    Register-ScheduledTask $name -Action $action -Principal $user -Force | Out-Null
    try {
        Start-ScheduledTask $name
        Wait-Until { (Get-Content $out -Raw) -match 'CODE=-?\d+' } 60 'the task of a plain user did not end'
        $text = Get-Content $out -Raw
    }
    finally {
        Unregister-ScheduledTask $name -Confirm:$false
        Remove-Item $out, $script -ErrorAction SilentlyContinue
    }
    [pscustomobject]@{ Code = [int][regex]::Match($text, 'CODE=(-?\d+)').Groups[1].Value; Text = $text }
}

# --- a service to look at ----------------------------------------------------------------------------

$Service = 'shmpub-check'
$Ini = Join-Path $Place 'shmpubd.ini'

function Set-Feeds {
    param([string] $Text)
    [System.IO.File]::WriteAllText($Ini, "[daemon]`r`ninstance = shmpub-check`r`n$Text")
}

function Set-GoodFeeds {
    Set-Feeds "[feed a]`r`nsource = a.csv`r`n"
}

function Invoke-Word {
    param([string] $Word, [string] $Options = '')
    Invoke-Program $Shmpubd "service $Word --name $Service $Options"
}

function Invoke-WordWell {
    param([string] $Word, [string] $Options = '')
    $run = Invoke-Word $Word $Options
    Assert-That ($run.Code -eq 0) "service $Word ended with $($run.Code): $($run.Text)"
}

function Get-ServicePid { (Get-CimInstance Win32_Service -Filter "Name='$Service'").ProcessId }

function Test-Running { (Get-Service $Service).Status -eq 'Running' }

function Get-Lines {
    param([datetime] $Since)
    $filter = @{ LogName = 'Application'; ProviderName = $Service; StartTime = $Since }
    @(Get-WinEvent -FilterHashtable $filter -ErrorAction SilentlyContinue)
}

function Initialize-Place {
    New-Item -ItemType Directory -Force $Place | Out-Null
    [System.IO.File]::WriteAllText((Join-Path $Place 'a.csv'), "a,b`r`n1,2`r`n")
    Set-GoodFeeds
}

function Remove-Everything {
    Invoke-Word 'uninstall' | Out-Null
    Remove-Item -Recurse -Force $Place -ErrorAction SilentlyContinue
}

# --- items: the service ------------------------------------------------------------------------------

function Test-ServiceItems {
    Test-Item 'service.install' {
        Invoke-WordWell 'install' "--config `"$Ini`" --auto-restart"
        $known = Get-CimInstance Win32_Service -Filter "Name='$Service'"
        Assert-That ($known.StartName -eq 'NT AUTHORITY\LocalService') "its account is $($known.StartName)"
        Assert-That ($known.StartMode -eq 'Auto') "its start is $($known.StartMode)"
    }
    Test-Item 'service.rights' {
        $sid = (Invoke-Program 'sc.exe' "qsidtype $Service").Text
        Assert-That ($sid -match 'UNRESTRICTED') "it has no identity of its own: $sid"
        $rights = (Invoke-Program 'sc.exe' "qprivs $Service").Text
        $found = @([regex]::Matches($rights, 'Se\w+Privilege') | ForEach-Object Value | Sort-Object)
        Assert-That ("$found" -eq 'SeChangeNotifyPrivilege SeCreateGlobalPrivilege') "its privileges are: $found"
    }
    Test-Item 'service.recovery.set' {
        $actions = (Invoke-Program 'sc.exe' "qfailure $Service").Text
        Assert-That ($actions -match '1000' -and $actions -match '5000' -and $actions -match '30000') $actions
        $told = (Invoke-Word 'status').Text
        Assert-That ($told -match 'after 1 s, 5 s, 30 s') "status does not tell of restarts: $told"
        $flag = (Invoke-Program 'sc.exe' "qfailureflag $Service").Text
        Assert-That ($flag -match 'TRUE') "errors do not count as failures: $flag"
    }
    Test-Item 'service.preshutdown.set' {
        $key = "HKLM:\SYSTEM\CurrentControlSet\Services\$Service"
        $ms = (Get-ItemProperty $key).PreshutdownTimeout
        Assert-That ($ms -eq 30000) "its time to shut down is $ms ms"
    }
    Test-Item 'service.start' {
        Invoke-WordWell 'start'
        Assert-That (Test-Running) 'it does not run'
        Assert-That ((Get-Process -Id (Get-ServicePid)).SessionId -eq 0) 'it is not in session 0'
    }
    Test-Item 'service.eventlog' {
        $lines = Get-Lines (Get-Date).AddMinutes(-5)
        Assert-That ($lines.Count -gt 0) 'no line under its source'
        $texts = ($lines | ForEach-Object Message) -join "`n"
        Assert-That ($texts -match '1 feed, 1 published') "the start was not told, or the messages were not found: $texts"
        Assert-That ($texts -notmatch 'description for Event ID') 'the resource of the messages was not found'
    }
    Test-Item 'service.table.plain-user' {
        $run = Invoke-AsPlainUser $Shmpub '-i shmpub-check cat a'
        Assert-That ($run.Code -eq 0 -and $run.Text -match '1,2') "a plain user does not get the table: $($run.Text)"
    }
    Test-Item 'service.table.read-only' {
        $try = "[System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting('Global\shmpub.shmpub-check/catalog', 'ReadWrite')"
        $run = Invoke-AsPlainUser 'powershell.exe' "-NoProfile -Command `"$try`""
        Assert-That ($run.Text -match 'denied|UnauthorizedAccess') "a plain user may write: $($run.Text)"
    }
    Test-Item 'service.article.plain-user' {
        Set-Feeds "[feed a]`r`nsource = a.csv`r`ncsv_segment = shmpub_check_article`r`nsegment_mode = 0666`r`n"
        Invoke-WordWell 'reload'
        Start-Sleep 2
        $try = "[System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting('Global\shmpub_check_article', 'Read'); 'OPE' + 'NED'"
        $run = Invoke-AsPlainUser 'powershell.exe' "-NoProfile -Command `"$try`""
        Assert-That ($run.Text -match 'OPENED') "a plain user does not get the article's mapping: $($run.Text)"
        Set-GoodFeeds
        Invoke-WordWell 'reload'
    }
    Test-Item 'service.article.refused' {
        Set-Feeds "[feed a]`r`nsource = a.csv`r`ncsv_segment = shmpub_check_article`r`nsegment_mode = 0600`r`n"
        Invoke-WordWell 'reload'
        Start-Sleep 2
        $try = "[System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting('Global\shmpub_check_article', 'Read'); 'OPE' + 'NED'"
        $run = Invoke-AsPlainUser 'powershell.exe' "-NoProfile -Command `"$try`""
        Assert-That ($run.Text -match 'denied|UnauthorizedAccess') "a plain user gets a mapping of mode 0600: $($run.Text)"
        Set-GoodFeeds
        Invoke-WordWell 'reload'
    }
    # By the service: a daemon of the logged-on user lets that user read everything, elevated or not.
    Test-Item 'service.access-list' {
        $source = Join-Path $Place 'a.csv'
        Set-Feeds "[feed a]`r`nsource = a.csv`r`ninterval = 200ms`r`n"
        Invoke-WordWell 'reload'
        try {
            Invoke-Program 'icacls.exe' "`"$source`" /inheritance:r /grant:r *S-1-5-32-544:F *S-1-5-19:R" | Out-Null
            Wait-Until { (Invoke-AsPlainUser $Shmpub '-i shmpub-check cat a').Code -ne 0 } 30 'a plain user reads the table of a source that is closed to users'
            Invoke-Program 'icacls.exe' "`"$source`" /grant *S-1-5-32-545:R" | Out-Null
            Wait-Until { (Invoke-AsPlainUser $Shmpub '-i shmpub-check cat a').Code -eq 0 } 30 'the table is not opened with its source'
        }
        finally { Invoke-Program 'icacls.exe' "`"$source`" /reset" | Out-Null }
        Set-GoodFeeds
        Invoke-WordWell 'reload'
    }
    Test-Item 'service.csharp' {
        $source = Join-Path $PSScriptRoot '..\examples\windows\Reader.cs'
        Assert-That (Test-Path $source) "$source is not there"
        Add-Type -Path $source -ReferencedAssemblies System.Core
        $code = [Reader]::Main(@('a', '0', 'shmpub-check'))
        Assert-That ($code -eq 0) 'the example in C# does not find the table; its reason stands above'
    }
    Test-Item 'service.status.plain-user' {
        $run = Invoke-AsPlainUser $Shmpubd "service status --name $Service"
        Assert-That ($run.Code -eq 0 -and $run.Text -match 'running, pid') $run.Text
    }
    Test-Item 'service.refused.plain-user' {
        foreach ($word in 'start', 'stop', 'reload', 'uninstall', "install --config `"$Ini`"") {
            $run = Invoke-AsPlainUser $Shmpubd "service $word --name $Service"
            Assert-That ($run.Code -eq 1 -and $run.Text -match 'administrator') "$word`: $($run.Text)"
        }
        Assert-That (Test-Running) 'it does not run any more'
    }
    Test-Item 'service.reload' {
        Set-Feeds "[feed a]`r`nsource = a.csv`r`n[feed b]`r`nsource = a.csv`r`n"
        Invoke-WordWell 'reload'
        Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check cat b').Code -eq 0 } 20 'the new feed does not come'
        Set-GoodFeeds
        Invoke-WordWell 'reload'
    }
    Test-Item 'service.recovery.crash' {
        $before = Get-ServicePid
        Stop-Process -Id $before -Force
        Wait-Until { (Test-Running) -and (Get-ServicePid) -ne $before } 30 'it was not started again after it was killed'
        Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check cat a').Code -eq 0 } 20 'the table does not come back'
    }
    Test-Item 'service.recovery.error' {
        $since = Get-Date
        Invoke-WordWell 'stop'
        Set-Feeds "[feed a]`r`nsource = a.csv`r`ncolour = red`r`n"
        Invoke-Program 'sc.exe' "start $Service" | Out-Null
        Wait-Until { (Get-Lines $since | ForEach-Object Message) -match 'colour' } 20 'the bad line is not in the event log'
        $run = Invoke-Word 'status'
        Assert-That ($run.Text -match 'its configuration is bad') "status: $($run.Text)"
        Set-GoodFeeds
        Wait-Until { Test-Running } 60 'it was not started again after the configuration was put right'
    }
    Test-Item 'service.foreground' {
        $run = Invoke-Word 'run' "--config `"$Ini`""
        Assert-That ($run.Code -eq 2 -and $run.Text -match '1063') $run.Text
    }
    Test-Item 'service.stop' {
        $since = Get-Date
        Invoke-WordWell 'stop'
        Assert-That (-not (Test-Running)) 'it runs still'
        Wait-Until { (Get-Lines $since | ForEach-Object Message) -match '^stopped' } 10 'the stop is not in the event log'
    }
    Test-Item 'service.marked-for-deletion' {
        $held = Get-Service $Service
        $handle = $held.ServiceHandle # as services.msc would hold it
        try {
            Invoke-WordWell 'uninstall'
            $run = Invoke-Word 'install' "--config `"$Ini`""
            Assert-That ($run.Code -eq 1 -and $run.Text -match 'marked for deletion') $run.Text
        }
        finally { $handle.Dispose(); $held.Dispose() }
    }
    Test-Item 'service.uninstall' {
        Wait-Until { (Invoke-Word 'status').Code -eq 4 } 20 'it is still there'
        $source = "HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\$Service"
        Assert-That (-not (Test-Path $source)) 'its source for the event log is still there'
    }
}

# --- items: sources and their writers -----------------------------------------------------------------

Add-Type -Namespace Check -Name Files -MemberDefinition @'
[DllImport("kernel32.dll", CharSet = CharSet.Unicode, SetLastError = true)]
public static extern bool MoveFileEx(string from, string to, int flags);
'@

# A daemon at a console, without a window of its own, for as long as the block runs.
function Use-Daemon {
    param([string] $Feed, [scriptblock] $Block)
    Set-Feeds "[feed a]`r`nsource = a.csv`r`ninterval = 10ms`r`n$Feed"
    $start = [System.Diagnostics.ProcessStartInfo]::new($Shmpubd, "-c `"$Ini`"")
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $daemon = [System.Diagnostics.Process]::Start($start)
    try {
        Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check cat a').Code -eq 0 } 30 'no table comes'
        & $Block
    }
    finally {
        $daemon.Kill()
        $daemon.WaitForExit()
    }
}

function Write-LargeSource {
    param([string] $Path, [int] $Turn)
    [System.IO.File]::WriteAllText($Path, "a,b`r`n" + ("$Turn,some text`r`n" * 1000000))
}

function Test-SourceItems {
    $source = Join-Path $Place 'a.csv'
    $next = Join-Path $Place 'next.csv'
    Test-Item 'source.renamed-over-while-read' {
        Write-LargeSource $source 0
        Use-Daemon '' {
            $denied = 0
            for ($turn = 1; $turn -le 60; $turn++) {
                Write-LargeSource $next $turn
                if (-not [Check.Files]::MoveFileEx($next, $source, 1)) { $denied++ }
                Start-Sleep -Milliseconds (($turn * 7) % 40)
            }
            Assert-That ($denied -eq 0) "$denied of 60 writers were denied"
        }
    }
    Test-Item 'source.opened-without-sharing-while-read' {
        Write-LargeSource $source 0
        Use-Daemon '' {
            $denied = 0
            for ($turn = 1; $turn -le 60; $turn++) {
                try {
                    $file = [System.IO.File]::Open($source, 'Open', 'ReadWrite', 'None')
                    $file.WriteByte(97)
                    $file.Dispose()
                }
                catch { $denied++ }
                Start-Sleep -Milliseconds (($turn * 7) % 40)
            }
            Assert-That ($denied -eq 0) "$denied of 60 writers were denied"
        }
    }
    Test-Item 'source.locked' {
        [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n")
        Use-Daemon '' {
            $file = [System.IO.File]::Open($source, 'Open', 'ReadWrite', 'None')
            try {
                $file.SetLength(4)
                Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check ls').Text -match 'locked by its writer' } 20 'the lock is not told'
                Assert-That ((Invoke-Program $Shmpub '-i shmpub-check cat a').Text -match '1,2') 'the last good table did not stay'
            }
            finally { $file.Dispose() }
            [System.IO.File]::WriteAllText($source, "a,b`r`n3,4`r`n")
            Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check cat a').Text -match '3,4' } 20 'it is not read again'
        }
    }
    Test-Item 'source.part-locked' {
        [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n")
        Use-Daemon '' {
            $file = [System.IO.File]::Open($source, 'Open', 'ReadWrite', 'ReadWrite')
            try {
                $file.SetLength(8)
                $file.Lock(0, 4)
                Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check ls').Text -match 'locked by its writer' } 20 'the lock is not told'
            }
            finally { $file.Dispose() }
        }
    }
    [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n")
    Set-GoodFeeds
}

# --- items: servers with certificates --------------------------------------------------------------------

# A server of one table at https://localhost:PORT, whose certificate has no authority but itself, for as
# long as the block runs. The block gets the URL and the file of the certificate (PEM).
function Use-TlsServer {
    param([scriptblock] $Block)
    $certificate = New-SelfSignedCertificate -DnsName localhost -CertStoreLocation Cert:\LocalMachine\My
    $pem = Join-Path $Place 'server.pem'
    $text = [Convert]::ToBase64String($certificate.RawData, 'InsertLineBreaks')
    [System.IO.File]::WriteAllText($pem, "-----BEGIN CERTIFICATE-----`r`n$text`r`n-----END CERTIFICATE-----`r`n")
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $server = [powershell]::Create().AddScript({
            param($listener, $certificate)
            $answer = [System.Text.Encoding]::ASCII.GetBytes("HTTP/1.1 200 OK`r`nContent-Length: 8`r`nConnection: close`r`n`r`na,b`n7,8`n")
            while ($true) {
                $client = $listener.AcceptTcpClient()
                try {
                    $tls = [System.Net.Security.SslStream]::new($client.GetStream())
                    $tls.AuthenticateAsServer($certificate)
                    [void] $tls.Read([byte[]]::new(4096), 0, 4096)
                    $tls.Write($answer, 0, $answer.Length)
                }
                catch { }
                finally { $client.Dispose() }
            }
        }).AddArgument($listener).AddArgument($certificate)
    [void] $server.BeginInvoke()
    try { & $Block "https://localhost:$($listener.LocalEndpoint.Port)/a.csv" $pem }
    finally {
        $listener.Stop()
        Remove-Item "Cert:\LocalMachine\My\$($certificate.Thumbprint)"
    }
}

function Test-TlsItems {
    [System.IO.File]::WriteAllText((Join-Path $Place 'a.csv'), "a,b`r`n1,2`r`n")
    Test-Item 'url.certificate-that-nobody-trusts' {
        Use-TlsServer {
            param($url, $pem)
            Use-Daemon "[feed tls]`r`nsource = $url`r`ninterval = 1s`r`n[feed ca]`r`nsource = $url`r`ninterval = 1s`r`nca_file = $pem" {
                Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check ls').Text -match 'UNTRUSTED_ROOT' } 20 'it is not refused'
                Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check cat ca').Text -match '7,8' } 20 'ca_file does not count'
            }
        }
    }
    Set-GoodFeeds
}

# --- items: the article's mappings ---------------------------------------------------------------------

# The text behind its length, as the article's reader takes it from what it has opened.
function Read-Article {
    param([System.IO.MemoryMappedFiles.MemoryMappedFile] $Map, [int] $Size = 102400)
    $view = $Map.CreateViewAccessor(0, $Size, 'Read')
    try {
        $bytes = [byte[]]::new($view.ReadInt32(0))
        $view.ReadArray(4, $bytes, 0, $bytes.Length) | Out-Null
        [System.Text.Encoding]::UTF8.GetString($bytes)
    }
    finally { $view.Dispose() }
}

function Test-ArticleItems {
    $source = Join-Path $Place 'a.csv'
    $mapping = 'shmpub_check_article'
    Test-Item 'article.text' {
        Use-Daemon "csv_segment = $mapping`r`n" {
            $map = [System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting($mapping, 'Read')
            try {
                Assert-That ((Read-Article $map) -eq "a,b`r`n1,2`r`n") 'it is not the text of the source'
                [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n3,4`r`n")
                Wait-Until { (Read-Article $map) -match '3,4' } 20 'what was opened does not change'
            }
            finally { $map.Dispose() }
        }
    }
    Test-Item 'article.outgrown' {
        [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n")
        $large = "a,b`r`n" + ("12345,6`r`n" * 50000)
        Use-Daemon "csv_segment = $mapping`r`nsegment_room = 200K`r`n" {
            $map = [System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting($mapping, 'Read')
            try {
                [System.IO.File]::WriteAllText($source, $large)
                Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check ls').Text -match 'keeps the mapping open' } 20 'that it does not fit is not told'
                Assert-That ((Read-Article $map) -eq "a,b`r`n1,2`r`n") 'the last version did not stay'
            }
            finally { $map.Dispose() }
            Wait-Until { (Invoke-Program $Shmpub '-i shmpub-check ls').Text -notmatch 'keeps the mapping open' } 20 'it is not made anew'
            $map = [System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting($mapping, 'Read')
            try { Assert-That ((Read-Article $map 1000000) -eq $large) 'it is not the larger text' }
            finally { $map.Dispose() }
        }
    }
    [System.IO.File]::WriteAllText($source, "a,b`r`n1,2`r`n")
    Set-GoodFeeds
}

# --- items: a console with and without elevation ---------------------------------------------------------

function Test-ConsoleItems {
    Test-Item 'console.elevated' {
        Use-Daemon '' {
            [System.IO.MemoryMappedFiles.MemoryMappedFile]::OpenExisting('Global\shmpub.shmpub-check/catalog', 'Read').Dispose()
            $run = Invoke-AsPlainUser $Shmpub '-i shmpub-check cat a'
            Assert-That ($run.Code -eq 0 -and $run.Text -match '1,2') "its user does not get the table without elevation: $($run.Text)"
        }
    }
    Test-Item 'console.plain-user' {
        Set-GoodFeeds
        $run = Invoke-AsPlainUser $Shmpubd "-c `"$Ini`" --once"
        Assert-That ($run.Code -eq 0) "without elevation it does not publish in its own session: $($run.Text)"
    }
    Test-Item 'console.plain-user.global' {
        Set-Feeds "directory = Global`r`n[feed a]`r`nsource = a.csv`r`n"
        $run = Invoke-AsPlainUser $Shmpubd "-c `"$Ini`" --once"
        Assert-That ($run.Code -ne 0 -and $run.Text -match 'SeCreateGlobalPrivilege') "what to do is not told: $($run.Text)"
    }
    Set-GoodFeeds
}

# --- items: a restart of Windows ---------------------------------------------------------------------

function Test-AfterRestart {
    $boot = (Get-CimInstance Win32_OperatingSystem).LastBootUpTime
    Test-Item 'service.shutdown' {
        $before = Get-Lines $boot.AddDays(-1) | Where-Object TimeCreated -lt $boot | Select-Object -First 1
        Assert-That ($null -ne $before -and $before.Message -match '^stopped') 'its last line before the restart is not "stopped"'
    }
    Test-Item 'service.boot' {
        Wait-Until { Test-Running } 120 'it was not started with Windows'
        $run = Invoke-AsPlainUser $Shmpub '-i shmpub-check cat a'
        Assert-That ($run.Code -eq 0) "a plain user does not get the table: $($run.Text)"
    }
}

# --- all of them -------------------------------------------------------------------------------------

if ($AfterRestart) {
    Test-AfterRestart
    Remove-Everything
}
else {
    Initialize-Place
    if ($BeforeRestart) {
        Test-Item 'service.leave' { Invoke-WordWell 'install' "--config `"$Ini`""; Invoke-WordWell 'start' }
        'Restart Windows now, then run this again with -AfterRestart.'
    }
    else {
        try {
            Test-SourceItems
            Test-TlsItems
            Test-ArticleItems
            Test-ConsoleItems
            Test-ServiceItems
        }
        finally { Remove-Everything }
    }
}

if ($Failures.Count) {
    "$($Failures.Count) failed: $($Failures -join ', ')"
    exit 1
}
'All passed.'

// fork, confine, drop, exec; then read both streams until the end, a silence or the limit.
#include "provisioning/backup/restic.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.hpp"
#include "daemon/base/exec.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/io.hpp"
#include "daemon/base/text.hpp"
#include "daemon/sandbox/confine_files.hpp"
#include "provisioning/backup/limits.hpp"

namespace hameau::backup {

namespace {

constexpr int key_file = 3;
constexpr int exit_not_there = 127;

/// What a program that speaks to the network needs to see of the machine, and no more: not /etc as a whole.
constexpr std::array machine_reads = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/ssl", "/etc/ca-certificates", "/etc/resolv.conf", "/run/systemd/resolve",
                                      "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/passwd", "/etc/group",
                                      "/etc/localtime", "/etc/mime.types", "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d", "/proc", "/sys/kernel/mm", "/dev/urandom", "/dev/random"};

std::vector<std::string> with(std::vector<std::string> paths, std::initializer_list<std::string> more) {
    paths.insert(paths.end(), more);
    return paths;
}

struct Ends {
    int output;
    int errors;
    int key;
};

/// Not become() of daemon/base/exec: the sandbox (confine_files) and the capability that is kept belong between its steps.
/// hameau-provision has one thread: what allocates may be called here.
[[noreturn]] void become_restic(const Place& place, const Repository& repository, const ResticCall& call, Ends ends, std::vector<char*>& words,
                         std::vector<char*>& environment, pid_t parent) {
    ::setpgid(0, 0);  // with the ssh that it starts
    reset_signals();
    ::umask(0077);
    std::vector<std::string> reads = call.reads;
    reads.insert(reads.end(), machine_reads.begin(), machine_reads.end());
    reads.push_back(place.folder() + "/ssh");
    auto writes = with(call.writes, {place.folder() + "/cache", place.folder() + "/home", place.folder() + "/tmp", "/dev/null"});
    if (!repository.local.empty()) {
        writes.push_back(repository.local);
    }
    const std::string folder = call.folder.empty() ? place.folder() + "/home" : call.folder;
    if (::chdir(folder.c_str()) != 0) {
        give_up_child(folder.c_str());
    }
    std::array<ChildFile, 4> files = {ChildFile{::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO}, ChildFile{ends.output, STDOUT_FILENO},
                                      ChildFile{ends.errors, STDERR_FILENO}, ChildFile{ends.key, key_file}};
    place_files(files, key_file + 1);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine_files(reads, writes);
    if (place.uid != 0) {
        ::prctl(PR_SET_KEEPCAPS, call.reads_all ? 1 : 0, 0, 0, 0);
        drop_rights(place.uid, place.uid, {});
        if (call.reads_all) {
            keep_reading_rights();
        }
    }
    die_with(parent, SIGKILL);
    exec_program(-1, place.restic.c_str(), words.data(), environment.data());
}

/// A stream that is cut into lines, or kept.
class Stream {
public:
    Stream(int fd, std::size_t keep, bool keep_end) : fd_(fd), keep_(keep), keep_end_(keep_end) {}
    int fd() const { return fd_; }
    bool open() const { return fd_ >= 0; }
    std::string text;

    void read(const std::function<void(std::string_view)>& on_line) {
        std::array<char, 16384> part{};
        const ssize_t n = ::read(fd_, part.data(), part.size());
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            return;
        }
        if (n <= 0) {
            fd_ = -1;
            return;
        }
        text.append(part.data(), static_cast<std::size_t>(n));
        if (on_line) {
            for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
                on_line(std::string_view(text).substr(0, end));
                text.erase(0, end + 1);
            }
        }
        const std::size_t most = on_line ? restic_line_bytes_max : keep_;
        if (text.size() > most) {
            keep_end_ ? text.erase(0, text.size() - most) : text.erase(most);
        }
    }

private:
    int fd_;
    std::size_t keep_;
    bool keep_end_;
};

/// False: a silence or the limit passed. Ends with the program itself: what it started may hold the streams open.
bool read_both(Stream& output, Stream& errors, int child, const ResticCall& call) {
    const SystemClock clock;
    const Duration limit = clock.now() + call.limit;
    Duration heard = clock.now();
    for (;;) {
        const Duration left = std::min<Duration>(limit, heard + Duration(call.silence)) - clock.now();
        if (left.count() <= 0) {
            return false;
        }
        std::array<pollfd, 3> waiting = {pollfd{output.fd(), POLLIN, 0}, pollfd{errors.fd(), POLLIN, 0}, pollfd{child, POLLIN, 0}};
        if (::poll(waiting.data(), waiting.size(), static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000))) < 0 && errno != EINTR) {
            return false;
        }
        if (waiting[0].revents != 0) {
            output.read(call.on_line);
            heard = clock.now();
        }
        if (waiting[1].revents != 0) {
            errors.read({});
            heard = clock.now();
        }
        if (waiting[0].revents == 0 && waiting[1].revents == 0 && waiting[2].revents != 0) {
            return true;
        }
    }
}

/// restic often ends before it has read what its ssh said ("Permission denied"): ssh alone, with the same words and the same sandbox.
std::string reason_of_ssh(const Place& place, const Repository& repository) {
    Place other = place;
    other.restic = "/usr/bin/ssh";
    ResticCall call;
    call.words = repository.ssh;
    call.limit = restic_look_limit;
    const auto end = run_restic(other, Repository(), std::move(call));
    return end ? "\n" + end->errors : "";
}

} // namespace

void keep_reading_rights() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> data{};
    constexpr std::uint32_t bit = 1U << CAP_DAC_READ_SEARCH;
    data[0] = {bit, bit, bit};
    if (::syscall(SYS_capset, &header, data.data()) != 0 || ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) != 0) {
        give_up_child("the right to read all files (CAP_DAC_READ_SEARCH)");
    }
}

Result<ResticEnd> run_restic(const Place& place, const Repository& repository, ResticCall call) {
    int out[2];
    int err[2];
    auto key = sealed_memory("key", repository.key + "\n");
    if (!key || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) {
        return fail_errno("pipe");
    }
    const Fd out_read(out[0]);
    Fd out_write(out[1]);
    const Fd err_read(err[0]);
    Fd err_write(err[1]);
    std::vector<std::string> arguments = {"restic"};
    for (const std::string& option : repository.options) {
        arguments.insert(arguments.end(), {"-o", option});
    }
    arguments.insert(arguments.end(), call.words.begin(), call.words.end());
    const std::string folder = place.folder();
    // One processor, and memory given back early: the house goes on beside it. The unit forbids setpriority.
    std::vector<std::string> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=" + folder + "/home", "TMPDIR=" + folder + "/tmp",
                                            "RESTIC_CACHE_DIR=" + folder + "/cache", "RESTIC_PASSWORD_FILE=/proc/self/fd/3",
                                            "RESTIC_REPOSITORY=" + repository.url, "RESTIC_PROGRESS_FPS=0.2", "GOMAXPROCS=1", "GOGC=30"};
    environment.insert(environment.end(), repository.environment.begin(), repository.environment.end());
    auto words = exec_words(arguments);
    auto variables = exec_words(environment);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return fail_errno("starting restic");
    }
    if (pid == 0) {
        become_restic(place, repository, call, {out_write.get(), err_write.get(), key->get()}, words, variables, parent);
    }
    out_write.reset();
    err_write.reset();
    const Fd child(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    Stream output(out_read.get(), restic_output_bytes_max, false);
    Stream errors(err_read.get(), restic_errors_bytes_max, true);
    const bool ended = child && read_both(output, errors, child.get(), call);
    ::kill(-pid, SIGKILL);  // an ssh that was left behind
    ::kill(pid, ended ? 0 : SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    if (!ended) {
        return fail(ErrorKind::timed_out, "restic did not end in time");
    }
    ResticEnd end;
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    end.output = std::move(output.text);
    end.errors = std::move(errors.text);
    if (end.exit_code == exit_not_there) {
        return fail(ErrorKind::unavailable, "restic could not be started: " + detail_of(end));
    }
    if (end.exit_code != 0 && !repository.ssh.empty() && end.errors.find("unable to start the sftp session") != std::string::npos) {
        end.errors += reason_of_ssh(place, repository);
    }
    return end;
}

} // namespace hameau::backup

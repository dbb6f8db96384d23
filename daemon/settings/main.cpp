// hameau-check: reads hameau.yaml as nobody in particular, says every error, or prints the flat settings.
//   hameau-check [--name PATH] [--modules-folder DIR]... [--set K=V]... [--host-of-setup HOST] [--trial] [--quiet] FILE|-
//   hameau-check --sample | --reference
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/io.hpp"
#include "daemon/settings/configuration.hpp"
#include "daemon/settings/limits.hpp"
#include "daemon/settings/schema.hpp"

namespace {

using namespace hameau;

constexpr int exit_usage = 64;
constexpr int exit_no_input = 66;
constexpr int exit_configuration = 78;

struct Words {
    ConfigurationInput input;
    std::vector<std::string> modules_folders;
    std::string file;
    bool quiet = false;
};

bool parse(int argc, char** argv, Words& words) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word(argv[i]);
        const bool more = i + 1 < argc;
        if (word == "--sample" || word == "--reference") {
            const std::string text = word == "--sample" ? sample_file() : reference_page();
            std::fputs(text.c_str(), stdout);
            std::exit(0);
        } else if (word == "--trial") {
            words.input.trial = true;
        } else if (word == "--quiet") {
            words.quiet = true;
        } else if (word == "--host-of-setup" && more) {
            words.input.host_of_setup = argv[++i];
        } else if (word == "--name" && more) {
            words.input.name = argv[++i];
        } else if (word == "--modules-folder" && more) {
            words.modules_folders.emplace_back(argv[++i]);
        } else if (word == "--set" && more) {
            words.input.overrides.emplace_back(argv[++i]);
        } else if (words.file.empty() && (word == "-" || !word.starts_with("-"))) {
            words.file = word;
        } else {
            return false;
        }
    }
    return !words.file.empty();
}

bool read_manifests(const std::string& folder, ConfigurationInput& input) {
    std::error_code failed;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        if (entry.path().extension() == ".yaml" && input.manifests.size() + files.size() < external_manifests_max) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        auto text = read_file(path, yaml_bytes_max + 1);
        if (!text) {
            std::fprintf(stderr, "%s: error: %s\n", path.c_str(), text.error().message.c_str());
            return false;
        }
        input.manifests.emplace_back(path.string(), std::move(*text));
    }
    return true;
}

} // namespace

int main(int argc, char** argv) {
    // A file that is made to hurt costs this process only.
    const rlimit memory{check_memory_bytes_max, check_memory_bytes_max};
    ::setrlimit(RLIMIT_AS, &memory);
    const rlimit seconds{check_cpu_seconds_max, check_cpu_seconds_max};
    ::setrlimit(RLIMIT_CPU, &seconds);
    Words words;
    if (!parse(argc, argv, words)) {
        std::fprintf(stderr, "usage: hameau-check [--name PATH] [--modules-folder DIR]... [--set K=V]... [--host-of-setup HOST] [--trial] [--quiet] FILE|-\n"
                             "       hameau-check --sample | --reference\n");
        return exit_usage;
    }
    if (words.input.name.empty()) {
        words.input.name = words.file;
    }
    auto text = words.file == "-" ? read_all(STDIN_FILENO, yaml_bytes_max + 1) : read_file(words.file, yaml_bytes_max + 1);
    if (!text) {
        std::fprintf(stderr, "%s: error: %s\n", words.input.name.c_str(), text.error().message.c_str());
        return exit_no_input;
    }
    words.input.text = std::move(*text);
    if (words.modules_folders.empty() && words.file != "-") {
        words.modules_folders.push_back((std::filesystem::path(words.file).parent_path() / "modules.d").string());
    }
    for (const std::string& folder : words.modules_folders) {
        if (!read_manifests(folder, words.input)) {
            return exit_configuration;
        }
    }
    const Configuration configuration = read_configuration(words.input);
    if (!configuration.errors.empty()) {
        (void)write_all(STDERR_FILENO, configuration.errors);
        return exit_configuration;
    }
    if (!words.quiet && !write_all(STDOUT_FILENO, configuration.settings.to_flat())) {
        return exit_no_input;
    }
    return 0;
}

// Limits of hameau-check, which reads hameau.yaml, and of the settings. Each has its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hameau {

// hameau.yaml and manifests
/// Bytes of one file; the sample with every setting has 8 KiB.
inline constexpr std::size_t yaml_bytes_max = 1 << 20;
/// Nodes of one file: an alias that is used often makes many of few bytes.
inline constexpr std::size_t yaml_nodes_max = 100'000;
/// Levels; a settings file has five.
inline constexpr std::size_t yaml_depth_max = 32;
/// Errors that are said; who has more mends these first.
inline constexpr std::size_t diagnostics_max = 200;
/// Places that are tried to find where a quotation was meant to end: each one reads the file again.
inline constexpr int unclosed_tries_max = 50;
/// Routes of one external module; our largest module has 28 patterns.
inline constexpr std::size_t routes_max = 64;
/// Words of its command line.
inline constexpr std::size_t arguments_max = 64;
/// External modules of a house; each has a process and a uid.
inline constexpr std::size_t external_manifests_max = 64;

// The process
/// Bytes of address space: a file of yaml_nodes_max values takes 24 MB (measured).
inline constexpr std::uint64_t check_memory_bytes_max = 256U << 20U;
/// Seconds of processor: a file of too many values in deep lists takes 1.1 on the build machine. Below hameaud's check_limit.
inline constexpr std::uint64_t check_cpu_seconds_max = 10;

} // namespace hameau

// House: the event loop of hameaud. Children, their sockets and their words; nothing from a network.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/clock.hpp"
#include "daemon/base/fd.hpp"
#include "daemon/base/journal.hpp"
#include "daemon/base/message.hpp"
#include "daemon/supervisor/cgroups.hpp"
#include "daemon/supervisor/energy_log.hpp"
#include "daemon/supervisor/logs.hpp"
#include "daemon/supervisor/manager.hpp"
#include "daemon/supervisor/services.hpp"
#include "daemon/supervisor/spawn.hpp"

namespace hameau::supervisor {

class House {
public:
    House(Place place, std::string configuration_path, std::vector<std::string> overrides, ServiceManager manager);
    ~House();
    /// Folders, sockets, engines' configuration. Errors: what a person must change.
    Status prepare();
    /// Runs until SIGTERM/SIGINT. The exit code.
    int run();

private:
    struct Service {
        ServiceSpec spec;
        ServicePolicy policy;
        LogSink log;
        Fd program = {};
        Fd helper = {};
        std::vector<std::pair<std::string, Fd>> listeners = {};
        Fd notify = {};            ///< of an external module: its own notification socket
        pid_t pid = 0;
        Fd control = {};
        std::string status = {};
        bool watched = false;      ///< the listener is in epoll
        bool leaving = false;      ///< not in the plan any more; forgotten when it has ended
        std::map<std::string, std::string> usage = {};
    };
    struct StatusQuery {
        std::string asker;
        std::uint32_t serial;
        Duration deadline;
        std::size_t awaited;
    };
    /// Somebody waits until the gate serves what hosts.map says.
    struct ServeQuery {
        std::string asker;
        std::uint32_t serial;
        std::uint32_t gate_serial;
        std::string host;
        Duration deadline;
    };
    struct Provision {
        std::string asker;
        std::uint32_t serial;
        std::string verb;
        std::vector<std::string> arguments;
    };

    /// A hameau-provision that runs beside the loop.
    struct Running {
        pid_t pid = 0;  ///< 0: none
        Fd output = {};  ///< what it writes: a file without a name, nobody has to read while it runs
    };

    // Before the first child (prepare.cpp)
    Status take_state();
    Status make_folders();
    Status open_loop();
    Status make_certificates();
    void configure_engines();
    /// Its sockets, folder and programs. It is started by run() or reload().
    Status add_service(ServiceSpec spec);
    /// Those that it does not have yet.
    Status open_listeners(Service& service);
    void close_listeners(Service& service);
    /// A web port: the one that the former hameaud left, or a new one.
    Result<Fd> open_web_port(const std::string& address, std::uint16_t port);
    std::vector<std::string> web_addresses() const;
    Status open_programs(Service& service);
    /// A datagram socket run/`file` that `uid`, or members of `gid`, may write to.
    Result<Fd> open_notify(const std::string& file, uid_t uid, gid_t gid, mode_t mode);
    LogBounds log_bounds() const;
    Status run_check();
    std::string read_host_of_setup() const;
    /// Without a host name: only the set-up is possible, and no mail engine runs.
    bool is_waiting() const;
    Status say_host();
    std::vector<std::string> check_words(const std::string& host_of_setup) const;
    std::map<std::string, uid_t> module_uids() const;
    Result<std::string> run_provision_now(const std::string& verb, const std::vector<std::string>& arguments, Duration limit = provision_limit);
    void act(Service& service, Action action);
    void start(Service& service);
    bool is_blocked(Service& service);
    void watch(Service& service, bool on);
    /// It ended, or could not be started.
    void crashed(Service& service, bool clean);
    static void refuse_callers(Service& service);
    void refuse_state(const Service& service);
    void on_signal();
    void reap();
    void on_notify(int socket);
    void on_notify_lines(Service& service, std::string_view lines);
    void on_control(Service& service);
    void on_message(Service& service, const Message& message);
    void on_provision_end(int wait_status);
    /// All but the program and where its words go.
    SpawnPlan provision_plan(const std::string& verb, const std::vector<std::string>& arguments) const;
    /// `nice`: more than our own, by nice(2).
    Result<Running> spawn_provision(const std::string& verb, const std::vector<std::string>& arguments, int nice = 0);
    /// What it wrote; it has ended.
    static std::string take_words(Running& running);
    /// Of what the verb mail-engines wrote: tells the journal of the copies that were made before a migration, and gives the rest back.
    std::string tell_copies(const std::string& words);
    void start_next_provision();
    static void answer_provision(Service& asker, std::uint32_t serial, const std::string& error, const std::string& words = "");
    void on_provision(Service& service, const Message& message);
    void begin_serving(Service& asker, const Message& question);
    void ask_gate(const ServeQuery& query);
    void on_served(const Message& answer);
    void answer_serving(const ServeQuery& query, bool good, const std::string& error);
    void answer_status(const StatusQuery& query);
    void begin_status(Service& asker, const Message& question);
    void close_house();
    void continue_closing();
    // Settings and manifests read again (reload.cpp)
    void reload();
    bool plan_again(const Settings& before);
    /// Opens the gate's ports again where the settings name others than `before`. Errors: the former ones are still open.
    Status move_ports(const Settings& before);
    void leave(Service& service);
    void forget_left();
    void drain_logs();
    void tick();
    /// Ready once nothing is starting any more; then one line when something begins to fail, or works again.
    void tell_manager();
    Duration until_next() const;
    Service* find(std::string_view name);
    void drop_engines(const std::string& reason);
    void reload_engines();
    // Certificates of an authority of the internet (certificates.cpp)
    /// Not in a trial; not before the gate can answer the authority.
    bool may_ask_authority() const;
    /// Starts a turn over what is due.
    void start_certificates();
    void on_certificates_end(int wait_status);
    void on_failed_turn(const std::string& error);
    /// Soon: a name was asked for that has no certificate yet. `all`: what failed is tried again at once.
    void want_certificates(bool all = false);
    /// A settings file that lost its house.host (a line that went with an edit) would end mail and every site.
    Status refuse_lost_host(const Settings& before) const;
    /// The gate is there (again): a challenge of the turn that runs may have found nobody, so what failed is asked for once more.
    void on_gate_ready();
    void reload_gate_certificates();
    // Backups (backups.cpp)
    bool may_back_up() const;
    /// At a start and behind a reload: what the last turn left, and when the next one may begin.
    void plan_backups();
    /// From its file: a turn, or who showed the sheet of the key, wrote it.
    void read_backup_trouble();
    /// Somebody asks for one now (fields target, drill, anew). Empty, or the code of a refusal.
    std::string want_backup(const Message& message);
    void start_backup();
    void on_backup_end(int wait_status);
    void end_backup();
    // The diagnosis (diagnosis.cpp)
    /// Somebody waits for a run of the checks, or for a repair.
    struct Diagnose {
        std::vector<std::string> arguments;
        std::vector<std::pair<std::string, std::uint32_t>> askers;  ///< who asked, and the serial of the question; none: the nightly run
    };
    /// At a start and behind a reload: when the nightly run is due.
    void plan_diagnosis();
    bool may_diagnose_nightly() const;
    /// The same question twice, while the first has not begun, is one run.
    void want_diagnosis(Service& asker, const Message& message);
    void tick_diagnosis(Duration now);
    void nightly_diagnosis();
    void start_next_diagnosis();
    void on_diagnosis_end(int wait_status);
    /// What a repair needs of us: "restart TAB NAME", "engines", "certificates", "show-certificates", "backup", "drill".
    std::string on_diagnosis_wish(std::string_view line);
    std::string on_diagnosis_wishes(std::string_view text);
    std::string answer_of_diagnosis(std::string_view text, bool good);
    std::string refuse_repair(const Service& asker, const Message& message) const;
    bool note_repair(std::string_view check);
    bool join_diagnosis(const std::vector<std::string>& arguments, const std::pair<std::string, std::uint32_t>& who);
    std::vector<std::string> facts_for_diagnosis() const;
    // What the services use (energy.cpp)
    EnergyLog::Moment moment() const;
    void tick_energy(Duration now);
    void look_at_energy(bool asked);
    std::string energy_text();
    void save_energy();
    void note_report(const Service& service, const Message& answer);
    static bool answers_who_asked(const Message& answer);
    int take_ended(pid_t pid);
    /// True once after the certificate of the mail ports has changed.
    bool engines_certificate_changed();
    std::optional<pid_t> engine_main_pid(const Service& service) const;
    std::string folder_of(const ServiceSpec& spec) const;
    std::vector<std::string> base_environment(const std::string& role, const std::string& notify = "notify") const;
    void epoll_add(int fd, const std::string& tag);

    Place place_;
    Settings settings_;
    std::string configuration_path_;
    std::vector<std::string> overrides_;  ///< SETTING=VALUE, checked like the file
    ServiceManager manager_;
    Journal journal_{"hameaud"};
    SystemClock clock_;
    Fd epoll_;
    Fd signals_;
    Fd notify_;
    Fd settings_memory_;
    Cgroups cgroups_;
    Fd lock_;
    std::map<int, std::string> tags_;
    std::vector<std::unique_ptr<Service>> services_;
    std::vector<StatusQuery> queries_;
    std::unique_ptr<EnergyLog> energy_;  ///< there once the state folder is
    std::vector<ServeQuery> serving_;
    std::uint32_t next_gate_serial_ = 1;
    std::deque<Provision> provisions_;
    Running provision_;
    Duration provision_deadline_{0};
    Running certificates_;
    Duration certificates_deadline_{0};
    Duration certificates_ended_{Duration::min() / 2};  ///< the last turn
    Duration next_certificates_{0};   ///< when the next turn is due; never far away: the wall clock may jump
    bool certificates_again_ = false; ///< somebody asked during a turn
    bool certificates_all_ = false;   ///< the next turn does not wait for what failed
    unsigned certificates_failed_ = 0;  ///< turns in a row that failed as a whole
    std::string certificates_trouble_;  ///< what the last turn leaves for the admin: "COUNT TAB HOST TAB CODE TAB EXPIRES"
    Running backup_;
    Duration backup_deadline_{0};
    Duration next_backup_{0};
    std::vector<std::string> backup_wish_;  ///< arguments of the next turn, when somebody asked for it
    unsigned backup_turns_failed_ = 0;  ///< in a row
    std::string backup_trouble_;  ///< what the last turn leaves for the admin: "CODE TAB TARGET TAB LAST_GOOD TAB COUNT"
    Running diagnosis_;
    Duration diagnosis_deadline_{0};
    Duration next_diagnosis_{0};
    unsigned diagnosis_put_off_ = 0;
    Duration certificates_mended_{0};
    std::map<std::string, Duration, std::less<>> repaired_;  ///< by check: when its repair was last asked for
    std::deque<Diagnose> diagnoses_;  ///< the first one runs
    Duration gate_returned_{Duration::min() / 2};  ///< when a turn was last asked for again because of the gate
    int exit_code_ = 0;
    bool closing_ = false;
    int closing_stage_ = 0;
    std::string engines_certificate_;  ///< which file the engines read last
    std::string engines_missing_;  ///< why there are none, for the status
    Duration started_{0};
    Duration next_age_{0};  ///< when old logs are looked at
    std::optional<Duration> next_watchdog_;  ///< when systemd hears from us, if it asked for that
    std::string told_;  ///< what the service manager knows; empty: not that we are ready
    std::optional<Duration> reload_at_;  ///< the first set-up chose a host name: it has its answer first
    bool journal_stream_ = false;
};

} // namespace hameau::supervisor

// One row a check, one row a repair, and the words around them.
#include "daemon/contract/diagnosis_texts.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace hameau::diagnosis {

namespace {

struct Mending {
    std::string_view id;
    std::string_view french;
    std::string_view english;
};

constexpr std::array checks = {
    CheckText{"memory.total", "machine", "Mémoire de la machine", "The machine’s memory"},
    CheckText{"memory.free", "machine", "Mémoire libre", "Free memory"},
    CheckText{"memory.killed", "machine", "Programmes arrêtés faute de mémoire", "Programs ended for want of memory"},
    CheckText{"memory.pressure", "machine", "Attente de mémoire", "Waiting for memory"},
    CheckText{"memory.swap", "machine", "Mémoire d’échange (swap)", "Swap"},
    CheckText{"disk.room", "machine", "Place sur le disque", "Room on the disk"},
    CheckText{"disk.inodes", "machine", "Nombre de fichiers possibles", "Number of files that fit"},
    CheckText{"disk.writable", "machine", "Écriture sur le disque", "Writing to the disk"},
    CheckText{"disk.errors", "machine", "Erreurs du disque", "Errors of the disk"},
    CheckText{"disk.wear", "machine", "Usure du disque", "Wear of the disk"},
    CheckText{"disk.pressure", "machine", "Attente du disque", "Waiting for the disk"},
    CheckText{"clock.value", "machine", "Date et heure", "Date and time"},
    CheckText{"clock.follows", "machine", "Horloge réglée par le réseau", "Clock set by the network"},
    CheckText{"clock.zone", "machine", "Fuseau horaire", "Time zone"},
    CheckText{"system.release", "machine", "Version de Debian", "Release of Debian"},
    CheckText{"system.updates", "machine", "Mises à jour automatiques", "Automatic updates"},
    CheckText{"system.lists", "machine", "Recherche des mises à jour", "Search for updates"},
    CheckText{"system.kernel", "machine", "Noyau en service", "Running kernel"},
    CheckText{"system.locale", "machine", "Langue du système", "Locale of the system"},
    CheckText{"system.load", "machine", "Charge", "Load"},
    CheckText{"system.temperature", "machine", "Température", "Temperature"},
    CheckText{"system.voltage", "machine", "Alimentation électrique", "Power supply"},
    CheckText{"system.entropy", "machine", "Nombres aléatoires", "Random numbers"},
    CheckText{"system.handles", "machine", "Fichiers ouverts", "Open files"},
    CheckText{"kernel.landlock", "machine", "Cloison Landlock", "Landlock wall"},
    CheckText{"kernel.seccomp", "machine", "Cloison seccomp", "seccomp wall"},
    CheckText{"kernel.cgroup_memory", "machine", "Limites de mémoire par service", "Memory limits for each service"},
    CheckText{"kernel.cgroup_pids", "machine", "Limites de processus par service", "Process limits for each service"},
    CheckText{"network.ipv4", "network", "Réseau IPv4", "IPv4 network"},
    CheckText{"network.ipv6", "network", "Réseau IPv6", "IPv6 network"},
    CheckText{"network.resolver", "network", "Annuaire des noms (DNS)", "Name service (DNS)"},
    CheckText{"network.reached", "network", "Accès depuis internet", "Reached from the internet"},
    CheckText{"dns.ipv4", "network", "Adresse IPv4 du nom", "IPv4 address of the name"},
    CheckText{"dns.ipv6", "network", "Adresse IPv6 du nom", "IPv6 address of the name"},
    CheckText{"dns.reverse_ipv4", "network", "Nom inverse IPv4", "IPv4 reverse name"},
    CheckText{"dns.reverse_ipv6", "network", "Nom inverse IPv6", "IPv6 reverse name"},
    CheckText{"dns.mx", "network", "Chemin du courrier (MX)", "Way of the mail (MX)"},
    CheckText{"dns.spf", "network", "Expéditeurs permis (SPF)", "Permitted senders (SPF)"},
    CheckText{"dns.dmarc", "network", "Règle contre l’usurpation (DMARC)", "Rule against impersonation (DMARC)"},
    CheckText{"port.http", "network", "Port du web sans chiffrement", "Web port without encryption"},
    CheckText{"port.https", "network", "Port du web", "Web port"},
    CheckText{"port.https_ipv6", "network", "Port du web en IPv6", "Web port over IPv6"},
    CheckText{"port.smtp", "network", "Port d’arrivée du courrier", "Port where mail arrives"},
    CheckText{"port.submission", "network", "Port d’envoi (STARTTLS)", "Sending port (STARTTLS)"},
    CheckText{"port.submissions", "network", "Port d’envoi (TLS)", "Sending port (TLS)"},
    CheckText{"port.imap", "network", "Port de lecture (STARTTLS)", "Reading port (STARTTLS)"},
    CheckText{"port.imaps", "network", "Port de lecture (TLS)", "Reading port (TLS)"},
    CheckText{"port.sieve", "network", "Port des filtres", "Port of the filters"},
    CheckText{"port.alone", "network", "Ports du courrier partagés", "Shared mail ports"},
    CheckText{"certificate.house", "network", "Certificat de la maison", "Certificate of the house", Mends::yes},
    CheckText{"certificate.shown", "network", "Certificat présenté aux navigateurs", "Certificate shown to browsers", Mends::yes},
    CheckText{"certificate.mail", "network", "Certificat présenté aux logiciels de courrier", "Certificate shown to mail programs", Mends::yes},
    CheckText{"certificate.all", "network", "Certificats des sites", "Certificates of the sites", Mends::yes},
    CheckText{"mail.blocklists", "network", "Listes noires", "Blocklists"},
    CheckText{"mail.in", "mail", "Courrier entrant", "Incoming mail"},
    CheckText{"mail.out", "mail", "Courrier sortant", "Outgoing mail"},
    CheckText{"mail.queue", "mail", "File d’attente", "Queue", Mends::yes},
    CheckText{"mail.active", "mail", "Plus ancien envoi en cours", "Oldest delivery in progress", Mends::yes},
    CheckText{"mail.deferred", "mail", "Plus ancien message en attente", "Oldest waiting message", Mends::yes},
    CheckText{"mail.hold", "mail", "Messages retenus", "Messages on hold", Mends::asks},
    CheckText{"engines.postfix", "mail", "Postfix", "Postfix"},
    CheckText{"engines.dovecot", "mail", "Dovecot", "Dovecot"},
    CheckText{"engines.bogofilter", "mail", "Filtre des indésirables", "Spam filter"},
    CheckText{"engines.restic", "backup", "Restic", "restic"},
    CheckText{"engines.uacme", "network", "uacme", "uacme"},
    CheckText{"engines.postfix_settings", "mail", "Réglages de Postfix", "Settings of Postfix", Mends::yes},
    CheckText{"engines.dovecot_settings", "mail", "Réglages de Dovecot", "Settings of Dovecot", Mends::yes},
    CheckText{"house.runs", "house", "La maison tourne", "The house runs"},
    CheckText{"services.states", "house", "Services", "Services", Mends::yes},
    CheckText{"services.restarts", "house", "Redémarrages des services", "Restarts of services"},
    CheckText{"services.all", "house", "Services qui manquent", "Missing services"},
    CheckText{"services.root", "house", "Utilisateurs séparés", "Separate users"},
    CheckText{"house.host", "house", "Nom de la maison", "Name of the house"},
    CheckText{"house.admins", "house", "Administrateurs", "Admins"},
    CheckText{"house.programs", "house", "Programmes", "Programs"},
    CheckText{"house.pages", "house", "Pages du portail", "Pages of the portal"},
    CheckText{"state.folders", "house", "Droits des dossiers", "Rights of folders", Mends::yes},
    CheckText{"state.secrets", "house", "Droits des fichiers secrets", "Rights of secret files", Mends::yes},
    CheckText{"logs.size", "house", "Taille des journaux", "Size of the logs", Mends::asks},
    CheckText{"databases.sound", "house", "État des bases de données", "Soundness of the databases"},
    CheckText{"databases.journal", "house", "Journaux des bases de données", "Journals of the databases", Mends::yes},
    CheckText{"quota.associations", "house", "Quotas des associations", "Quotas of the associations"},
    CheckText{"quota.mailboxes", "mail", "Quotas des boîtes aux lettres", "Quotas of the mailboxes"},
    CheckText{"sites.files", "house", "Fichiers des sites", "Files of the sites"},
    CheckText{"backup.targets", "backup", "Emplacements de sauvegarde", "Places of the backups", Mends::yes},
    CheckText{"backup.age", "backup", "Dernière sauvegarde", "Last backup", Mends::yes},
    CheckText{"backup.drill", "backup", "Essai de restauration", "Restore drill", Mends::yes},
    CheckText{"backup.key", "backup", "Clé des sauvegardes", "Key of the backups"},
};

constexpr std::array mendings = {
    Mending{"certificate.house", "La maison redemande son certificat à l’autorité ; cela prend quelques minutes.",
            "The house asks the authority for its certificate again; this takes some minutes."},
    Mending{"certificate.all", "La maison redemande les certificats à l’autorité ; cela prend quelques minutes.",
            "The house asks the authority for the certificates again; this takes some minutes."},
    Mending{"certificate.shown", "Le portail relit ses certificats.",
            "The portal reads its certificates again."},
    Mending{"certificate.mail", "Les moteurs du courrier relisent leurs réglages et leur certificat.",
            "The mail engines read their settings and their certificate again."},
    Mending{"engines.postfix_settings", "Les réglages des moteurs du courrier sont réécrits et relus.",
            "The settings of the mail engines are written and read again."},
    Mending{"engines.dovecot_settings", "Les réglages des moteurs du courrier sont réécrits et relus.",
            "The settings of the mail engines are written and read again."},
    Mending{"mail.queue", "Postfix réessaie tout de suite ce qui attend.",
            "Postfix tries what waits again at once."},
    Mending{"mail.active", "Postfix réessaie tout de suite ce qui attend.",
            "Postfix tries what waits again at once."},
    Mending{"mail.deferred", "Postfix réessaie tout de suite ce qui attend.",
            "Postfix tries what waits again at once."},
    Mending{"mail.hold", "Les messages retenus sont remis en route.",
            "The messages on hold are let go."},
    Mending{"services.states", "Les services qui ne démarrent pas sont relancés.",
            "The services that do not start are started again."},
    Mending{"state.folders", "Les dossiers reprennent leurs propriétaires et leurs droits.",
            "The folders get their owners and rights back."},
    Mending{"state.secrets", "Les fichiers secrets ne sont plus ouverts à tous.",
            "The secret files are no longer open to everybody."},
    Mending{"logs.size", "Les moitiés anciennes des journaux sont effacées.",
            "The older halves of the logs are removed."},
    Mending{"databases.journal", "Les journaux des bases de données sont vidés dans leur base.",
            "The journals are emptied into their databases."},
    Mending{"backup.targets", "Une sauvegarde commence vers tous les emplacements.",
            "A backup to all places begins."},
    Mending{"backup.age", "Une sauvegarde commence vers tous les emplacements.",
            "A backup to all places begins."},
    Mending{"backup.drill", "Une remise en place d’essai commence.",
            "A drill begins."},
};

struct Phrase {
    std::string_view code;
    std::string_view french;
    std::string_view english;
};
constexpr std::array phrases = {
    Phrase{"nothing", "Il n’y a rien à réparer : tout va bien ici.", "There is nothing to mend: this is fine."},
    Phrase{"not_mended", "La réparation a échoué : {id}", "It could not be mended: {id}"},
    Phrase{"diagnose.yes", "Cette réparation perd quelque chose ; rien n’a été changé. Si c’est voulu : hameau diagnose --repair {id} --yes",
           "This repair loses something; nothing was changed. If it is meant: hameau diagnose --repair {id} --yes"},
    Phrase{"diagnose.no_check", "Il n’y a pas de vérification {id} : hameau diagnose --all les nomme.", "There is no check {id}: hameau diagnose --all names them."},
    Phrase{"diagnose.no_repair", "La maison ne peut pas réparer {id} elle-même.", "The house cannot mend {id} itself."},
    Phrase{"diagnose.lately", "Cette réparation vient d’être faite. Attendez cinq minutes.", "This was mended a moment ago. Wait for five minutes."},
    Phrase{"refused.certificates.lately", "Des certificats ont été demandés il y a moins d’une heure. Attendez une heure : l’autorité refuse ceux qui demandent trop souvent.",
           "Certificates were asked for less than an hour ago. Wait for an hour: the authority refuses who asks too often."},
    Phrase{"refused.backup.running", "Une sauvegarde est déjà en cours.", "A backup runs already."},
    Phrase{"refused.backup.none", "Aucun emplacement n’est réglé (house.backup_targets).", "No place is set (house.backup_targets)."},
    Phrase{"refused.backup.failed", "La sauvegarde n’a pas pu commencer. Le journal dit pourquoi.", "The backup could not begin. The journal says why."},
    Phrase{"diagnose.busy", "La maison est déjà en train de se regarder. Réessayez dans un instant.", "The house is looking over itself already. Try again in a moment."},
    Phrase{"never", "jamais regardé", "never looked at"},
    Phrase{"letter_subject", "La maison : quelque chose va moins bien", "The house: something became worse"},
    Phrase{"letter_begin", "Depuis le dernier regard de la nuit, ceci va moins bien dans votre maison :", "Since the last look of the night, this became worse in your house:"},
    Phrase{"letter_end", "Tout le diagnostic : https://{id}/diagnosis, ou hameau diagnose.\nCe message ne vient que si quelque chose va moins bien.",
           "The whole diagnosis: https://{id}/diagnosis, or hameau diagnose.\nThis mail comes only when something became worse."},
    Phrase{"report_written", "Le rapport est dans {id}. Lisez-le avant de l’envoyer.", "The report is in {id}. Read it before you send it."},
};

std::string filled(std::string_view text, const Finding& finding) {
    std::string out(text);
    for (const auto& [name, value] : finding.values) {
        const std::string place = "{" + name + "}";
        for (std::size_t at = out.find(place); at != std::string::npos; at = out.find(place, at + value.size())) {
            out.replace(at, place.size(), value);
        }
    }
    return out;
}

/// "port.*.fine": for each check of the group that has no row of its own.
const Sentence* text_of(std::string_view code) {
    const auto named = [](std::string_view wanted) {
        const auto all = sentences();
        const auto found = std::find_if(all.begin(), all.end(), [wanted](const Sentence& one) { return one.code == wanted; });
        return found == all.end() ? nullptr : &*found;
    };
    if (const Sentence* own = named(code)) {
        return own;
    }
    const std::size_t first = code.find('.');
    const std::size_t last = code.rfind('.');
    return first == last ? nullptr : named(std::string(code.substr(0, first + 1)) + "*" + std::string(code.substr(last)));
}

} // namespace

std::span<const CheckText> check_texts() { return checks; }

std::span<const Sentence> sentences() {
    static const std::vector<Sentence> all = [] {
        std::vector<Sentence> out;
        for (const auto part : {machine_sentences(), network_sentences(), house_sentences()}) {
            out.insert(out.end(), part.begin(), part.end());
        }
        return out;
    }();
    return all;
}


std::string mending_of(std::string_view id, bool english) {
    const auto* found = std::find_if(mendings.begin(), mendings.end(), [id](const Mending& one) { return one.id == id; });
    return found == mendings.end() ? std::string() : std::string(english ? found->english : found->french);
}

bool can_be_mended(std::string_view code) {
    constexpr std::array<std::string_view, 4> beyond = {"backup.targets.none", "backup.drill.failed", "mail.hold.corrupt", "certificate.house.key"};
    return std::find(beyond.begin(), beyond.end(), code) == beyond.end();
}

std::string phrase_of(std::string_view code, const std::string& id, bool english) {
    const auto* found = std::find_if(phrases.begin(), phrases.end(), [code](const Phrase& one) { return one.code == code; });
    return found == phrases.end() ? std::string() : filled(english ? found->english : found->french, {"", State::unknown, "", {{"id", id}}, 0});
}

std::string counts_text(const std::array<long long, 4>& counts, const std::string& at, bool english) {
    std::array<char, 200> text{};
    std::snprintf(text.data(), text.size(), english ? "%lld fine, %lld attention, %lld broken, %lld cannot be known (%s)" : "%lld en ordre, %lld à surveiller, %lld en panne, %lld inconnus (%s)",
                  counts[0], counts[1], counts[2], counts[3], at.c_str());
    return text.data();
}

const CheckText* check_text(std::string_view id) {
    const auto* found = std::find_if(checks.begin(), checks.end(), [id](const CheckText& one) { return one.id == id; });
    return found == checks.end() ? nullptr : found;
}

std::string sentence_of(const Finding& finding, bool english) {
    const Sentence* text = text_of(finding.code);
    return text == nullptr ? finding.code : filled(english ? text->english : text->french, finding);
}

std::string advice_of(const Finding& finding, bool english) {
    const Sentence* text = text_of(finding.code);
    return text == nullptr ? std::string() : filled(english ? text->english_advice : text->french_advice, finding);
}

std::string title_of(std::string_view id, bool english) {
    const CheckText* text = check_text(id);
    return text == nullptr ? std::string(id) : std::string(english ? text->english : text->french);
}

std::string_view state_word(State state, bool english) {
    switch (state) {
    case State::fine: return english ? "fine" : "bon";
    case State::attention: return english ? "attention" : "attention";
    case State::broken: return english ? "broken" : "en panne";
    case State::unknown: break;
    }
    return english ? "cannot know" : "inconnu";
}

} // namespace hameau::diagnosis

// The sentences of `hameau backup` and `hameau restore`, in French and English. Called by backup.cpp and restore.cpp.
#include "daemon/cli/backup_texts.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "daemon/base/text.hpp"
#include "daemon/contract/backup_texts.hpp"

namespace hameau::cli {

namespace {

struct BackupWords {
    std::string_view word;
    const char* french;
    const char* english;
};

std::string pick_words(const BackupWords& pair, bool english) { return english ? pair.english : pair.french; }

/// What ends a restore, by the first word of the reason. "%": the rest of the words.
constexpr std::array restore_endings = {
    BackupWords{"running", "Une maison tourne ici. Arrêtez-la d’abord : systemctl stop hameau", "A house runs here. Stop it first: systemctl stop hameau"},
    BackupWords{"data", "Il y a déjà une maison ici. Rien n’a été changé. Pour la mettre de côté et prendre celle de la sauvegarde : --replace",
         "There is a house here already. Nothing was changed. To put it aside and take the one of the backup: --replace"},
    BackupWords{"mounted", "% est sur un disque à part : un dossier monté ne se remplace pas. Rien n’a été changé. Démontez-le, redonnez la commande, puis copiez sur ce disque ce qui est revenu.",
         "% is on a disk of its own: a mounted folder cannot be replaced. Nothing was changed. Unmount it, give the command again, then copy what came back onto that disk."},
    BackupWords{"cut", "La remise en place s’est arrêtée en route : %\nLa maison reste fermée et rien n’est perdu. Redonnez la même commande : elle continue.",
         "The restore stopped on its way: %\nThe house stays closed and nothing is lost. Give the same command again: it goes on."},
    BackupWords{"key", "La clé ne va pas : %. Elle est sur la feuille (neuf mots) : hameau restore CIBLE --key FICHIER", "The key is not right: %. It is on the sheet (nine words): hameau restore TARGET --key FILE"},
    BackupWords{"wrong_key", "Ces sauvegardes ont été faites avec une autre clé que celle-là.", "These backups were made with another key than this one."},
    BackupWords{"away", "La cible n’est pas là ou ne répond pas : %", "The target is not there or does not answer: %"},
    BackupWords{"refused", "La cible ne nous laisse pas entrer : %", "The target does not let us in: %"},
    BackupWords{"emptied", "Il n’y a pas de sauvegarde d’une maison à cet endroit : %", "There is no backup of a house there: %"},
    BackupWords{"time", "Aucune sauvegarde n’est si ancienne : %", "No backup is as old as that: %"},
    BackupWords{"no_room", "Il n’y a pas assez de place sur ce disque : %", "There is not enough room on this disk: %"},
    BackupWords{"broken", "La sauvegarde n’est pas entière : %\nRien n’a été changé. Essayez-en une plus ancienne (--at), une autre cible, ou prenez ce qui reste : --incomplete",
         "The backup is not whole: %\nNothing was changed. Try an older one (--at), another target, or take what is left: --incomplete"},
    BackupWords{"restic", "Un programme manque : % (apt install restic openssh-client)", "A program is missing: % (apt install restic openssh-client)"},
};

constexpr std::array backup_refusals = {
    BackupWords{"backup.failed", "La sauvegarde n’a pas pu commencer. Voyez : hameau logs", "The backup could not begin. See: hameau logs"},
    BackupWords{"backup.running", "Une sauvegarde est déjà en cours. Suivez-la : hameau backup", "A backup runs already. Follow it: hameau backup"},
    BackupWords{"backup.none", "Aucune cible n’est inscrite. Ajoutez-en une dans hameau.yaml (house.backup_targets), puis : systemctl reload hameau",
         "No target is set. Add one to hameau.yaml (house.backup_targets), then: systemctl reload hameau"},
};

constexpr std::array own_sentences = {
    BackupWords{"no_target", "ce n’est pas une cible de house.backup_targets", "that is no target of house.backup_targets"},
    BackupWords{"unplug", "C’est fait : un disque peut être démonté et débranché.", "Done: a disk may be unmounted and unplugged now."},
    BackupWords{"sheet_shown", "la feuille a déjà été montrée. Encore une fois : hameau backup key --again", "the sheet was shown already. Once more: hameau backup key --again"},
    BackupWords{"type_key", "Les neuf mots de la feuille : ", "The nine words of the sheet: "},
};

constexpr std::array count_names = {
    BackupWords{"people", "personnes", "people"},     BackupWords{"associations", "associations", "associations"}, BackupWords{"mailboxes", "boîtes à lettres", "mailboxes"},
    BackupWords{"messages", "messages", "messages"}, BackupWords{"sites", "sites", "sites"},                       BackupWords{"pads", "textes", "texts"},
    BackupWords{"images", "images", "images"},
};

std::string filled_words(std::string text, const std::string& rest) {
    const std::size_t at = text.find('%');
    return at == std::string::npos ? text : text.replace(at, 1, rest);
}

std::string target_lines(const backup::TargetState& target, bool english) {
    std::string out = target.address + "\n    " + backup::sentence_of(target.code, target.address, target.last_good, english) + "\n";
    if (target.last_good != 0) {
        out += "    " + bytes_text(target.bytes, english) + (english ? " in it, " : " en tout, dont ") + bytes_text(target.added, english) +
               (english ? " sent the last time" : " envoyés la dernière fois") + "\n";
    }
    if (!target.detail.empty()) {
        out += "    (" + target.detail + ")\n";
    }
    return out + (english ? "    next: " : "    prochaine : ") + (target.next == 0 ? (english ? "soon" : "bientôt") : backup::time_text(target.next, english)) + "\n";
}

} // namespace

std::string bytes_text(std::uint64_t bytes, bool english) {
    const double megabytes = static_cast<double>(bytes) / 1e6;
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), megabytes < 1000 ? "%.1f %s" : "%.2f %s", megabytes < 1000 ? megabytes : megabytes / 1000,
                  megabytes < 1000 ? (english ? "MB" : "Mo") : (english ? "GB" : "Go"));
    std::string out(text.data());
    if (const std::size_t dot = out.find('.'); !english && dot != std::string::npos) {
        out[dot] = ',';
    }
    return out;
}

std::string key_sheet(const std::string& key, const std::string& house, const std::vector<std::string>& targets, std::int64_t now_s, bool english) {
    const std::string rule(66, '-');
    std::string out = rule + "\n  Hameau — " + (english ? "key of the backups of " : "clé des sauvegardes de ") + house + "          " + backup::time_text(now_s, english).substr(0, 10) + "\n\n";
    int number = 0;
    for (const std::string_view word : split(key, '-')) {
        std::array<char, 16> place{};
        std::snprintf(place.data(), place.size(), "  %d  ", ++number);
        out.append(place.data()).append(word).append(number % 3 == 0 ? "\n" : "      ");
    }
    out += english ? "\n  Whoever has these words and a backup can read everything in the house.\n"
                     "  Without them the backups are worth nothing, and nobody can give them back.\n"
                     "  Keep two sheets outside of the house, with two people of the association.\n\n"
                     "  The house is gone? On a new machine with Debian:\n"
                     "      apt install ./hameau_*.deb restic openssh-client\n"
                     "      systemctl stop hameau\n"
                   : "\n  Qui a ces mots et une sauvegarde peut tout lire dans la maison.\n"
                     "  Sans eux, les sauvegardes ne servent à rien, et personne ne peut les redonner.\n"
                     "  Gardez deux feuilles hors de la maison, chez deux personnes de l’association.\n\n"
                     "  La maison a disparu ? Sur une nouvelle machine avec Debian :\n"
                     "      apt install ./hameau_*.deb restic openssh-client\n"
                     "      systemctl stop hameau\n";
    for (const std::string& target : targets) {
        out += "      hameau restore " + target + "\n";
    }
    if (targets.size() > 1) {
        out += english ? "  (one of them is enough)\n" : "  (une seule suffit)\n";
    }
    return out + "      systemctl start hameau\n" + rule + "\n";
}

std::string backup_table(const backup::State& state, bool english) {
    std::string out;
    if (state.targets.empty()) {
        out = backup::sentence_of(backup::code::none, "", 0, english) + "\n";
    }
    for (const backup::TargetState& target : state.targets) {
        out += target_lines(target, english);
    }
    if (!state.drill.code.empty()) {
        const bool fine = state.drill.code == backup::code::fine;
        out += std::string(english ? "Drill: " : "Essai de remise en place : ") + backup::time_text(state.drill.at, english) + ", " + state.drill.address + ": " +
               (fine ? (english ? "whole" : "tout y est") : english ? "NOT WHOLE" : "PAS ENTIER") + " (" + state.drill.detail + ")\n";
    }
    if (!state.targets.empty() && state.key_shown == 0) {
        out += backup::sentence_of(backup::code::key_unseen, "", 0, english) + "\n";
    }
    if (state.running.pid != 0) {
        out += std::string(english ? "Running now: " : "En cours : ") + state.running.work + " " + state.running.address + ", " + std::to_string(state.running.percent) + " %\n";
    }
    return out;
}

std::string backup_refusal(const std::string& words, bool english) {
    for (const BackupWords& pair : backup_refusals) {
        if (words == pair.word) {
            return pick_words(pair, english);
        }
    }
    for (const BackupWords& pair : restore_endings) {
        if (words.starts_with(std::string(pair.word) + ": ")) {
            return filled_words(pick_words(pair, english), words.substr(pair.word.size() + 2));
        }
    }
    return words;
}

std::string backup_words(std::string_view word, bool english) {
    for (const BackupWords& one : own_sentences) {
        if (one.word == word) {
            return pick_words(one, english);
        }
    }
    return std::string(word);
}

std::string restore_line(const std::string& line, bool english) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string kind = line.substr(0, blank);
    const std::string rest = line.substr(std::min(blank + 1, line.size()));
    if (kind == "backup") {
        return (english ? "The backup of " : "La sauvegarde du ") + backup::time_text(std::atoll(rest.c_str()), english) + (english ? " is fetched ..." : " est reprise...");
    }
    if (kind == "missing") {
        return (english ? "MISSING: " : "MANQUE : ") + rest;
    }
    if (kind == "count") {
        const std::size_t space = std::min(rest.find(' '), rest.size());
        for (const BackupWords& pair : count_names) {
            if (rest.substr(0, space) == pair.word) {
                return "    " + rest.substr(std::min(space + 1, rest.size())) + " " + pick_words(pair, english);
            }
        }
    }
    if (kind == "settings") {
        return (english ? "The settings are in " : "Les réglages sont dans ") + rest;
    }
    if (kind == "aside") {
        return (english ? "The house that was here is kept in " : "La maison qui était ici est gardée dans ") + rest;
    }
    if (kind == "done") {
        return english ? "Everything is back, as it was on the day of the backup. Everybody signs in again; who was removed, passwords and app passwords that were\n"
                         "changed, and associations that were erased since are as before: change and erase them again. Start the house: systemctl start hameau"
                       : "Tout est revenu, comme au jour de la sauvegarde. Chacun se connecte de nouveau. Les personnes retirées, les mots de passe (aussi ceux\n"
                         "d’application) changés et les associations effacées depuis sont redevenus comme avant : retirez, changez ou effacez-les de nouveau. Démarrez la maison : systemctl start hameau";
    }
    if (kind == "failed") {
        for (const BackupWords& pair : restore_endings) {
            const bool bare = rest.starts_with(std::string(pair.word) + " could not");  // restic itself
            if (rest.starts_with(std::string(pair.word) + ": ") || bare) {
                return filled_words(pick_words(pair, english), bare ? rest : rest.substr(pair.word.size() + 2));
            }
        }
        return rest;
    }
    return {};
}

} // namespace hameau::cli

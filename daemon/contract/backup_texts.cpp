// Sentences for each code of a backup's trouble, in French and English. For hameau-admin's status and for the command.
#include "daemon/contract/backup_texts.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include "daemon/base/text.hpp"

namespace hameau::backup {

namespace {

struct Text {
    std::string_view code;
    std::string_view french;
    std::string_view english;
};
/// {target}, {last}: when the last good backup was made.
constexpr std::array texts = {
    Text{code::fine, "Sauvegarde faite le {last}.", "Saved on {last}."},
    Text{code::never, "Pas encore sauvegardé.", "Not saved yet."},
    Text{code::none, "Rien n’est sauvegardé : si le disque lâche, tout est perdu. Branchez un disque ou trouvez une place ailleurs, puis inscrivez-la dans hameau.yaml (house.backup_targets).",
         "Nothing is saved: if the disk fails, all is lost. Plug in a disk or find a place elsewhere, then write it into hameau.yaml (house.backup_targets)."},
    Text{code::old, "La dernière bonne sauvegarde vers {target} est trop ancienne : {last}. Lancez-en une : hameau backup {target}.",
         "The last good backup to {target} is too old: {last}. Make one: hameau backup {target}."},
    Text{code::key_unseen, "La clé des sauvegardes n’est que dans cette maison : si elle brûle, les sauvegardes ne servent à rien. Imprimez la feuille : hameau backup key.",
         "The key of the backups is in this house alone: if it burns, the backups are worth nothing. Print the sheet: hameau backup key."},
    Text{code::drill, "L’essai de remise en place depuis {target} a échoué : la sauvegarde n’est pas entière. Voyez : hameau backup.",
         "The drill from {target} failed: what was restored is not whole. See: hameau backup."},
    Text{code::drill_untried, "La remise en place d’essai depuis {target} ne peut pas se faire : rien ne prouve que la sauvegarde est bonne. La raison est dans : hameau backup.",
         "The drill from {target} cannot be made: nothing proves that the backup is good. The reason is in: hameau backup."},
    Text{code::away, "{target} n’est pas là ou ne répond pas. Branchez le disque, ou regardez si l’autre machine tourne. Dernière bonne sauvegarde : {last}.",
         "{target} is not there or does not answer. Plug the disk in, or look whether the other machine runs. Last good backup: {last}."},
    Text{code::refused, "{target} ne nous laisse pas entrer : vérifiez les droits du dossier, le mot de passe ou la clé (hameau backup ssh-key). Dernière bonne sauvegarde : {last}.",
         "{target} does not let us in: check the folder’s rights, the password or the key (hameau backup ssh-key). Last good backup: {last}."},
    Text{code::full, "Il n’y a plus de place sur {target}. Faites-y de la place ou prenez un disque plus grand. Dernière bonne sauvegarde : {last}.",
         "There is no room left on {target}. Make room there or take a larger disk. Last good backup: {last}."},
    Text{code::no_room, "La maison n’a pas assez de place libre pour préparer la sauvegarde. Libérez de la place sur son disque. Dernière bonne sauvegarde : {last}.",
         "The house has not enough free room to prepare the backup. Make room on its disk. Last good backup: {last}."},
    Text{code::wrong_key, "{target} contient des sauvegardes faites avec une autre clé. Prenez un autre dossier, ou retrouvez la feuille de cette clé.",
         "{target} holds backups that were made with another key. Take another folder, or find the sheet of that key."},
    Text{code::emptied, "Les sauvegardes de {target} ont disparu. Est-ce le bon disque ? Sinon, recommencez-les : hameau backup {target} --new. Dernière bonne sauvegarde : {last}.",
         "The backups of {target} are gone. Is it the right disk? Else begin anew: hameau backup {target} --new. Last good backup: {last}."},
    Text{code::broken, "Des morceaux des sauvegardes de {target} manquent ou sont abîmés. Gardez ce qui s’y trouve, et ajoutez une autre cible. Dernière bonne sauvegarde : {last}.",
         "Parts of the backups of {target} are missing or damaged. Keep what is there, and add another target. Last good backup: {last}."},
    Text{code::incomplete, "La sauvegarde vers {target} n’est pas complète : des fichiers n’ont pas pu être lus. Voyez : hameau backup.",
         "The backup to {target} is not complete: some files could not be read. See: hameau backup."},
    Text{code::no_tool, "Un programme manque pour sauvegarder. Installez-le : apt install restic openssh-client.",
         "A program for backups is missing. Install it: apt install restic openssh-client."},
    Text{code::unready, "Les sauvegardes ne peuvent pas commencer : la clé ou les identifiants ne se lisent pas. La raison est dans : hameau backup. Dernière bonne sauvegarde : {last}.",
         "The backups cannot begin: the key or the credentials cannot be read. The reason is in: hameau backup. Last good backup: {last}."},
    Text{code::stopped, "Les sauvegardes s’arrêtent avant la fin. Voyez : hameau logs.", "The backups stop before they are done. See: hameau logs."},
    Text{code::same_disk, "{target} est sur le disque de la maison : s’il lâche, les sauvegardes sont perdues aussi. Le disque est-il branché et monté ? Si c’est voulu : hameau backup {target} --new.",
         "{target} is on the house’s own disk: if it fails, the backups are lost too. Is the disk plugged in and mounted? If it is meant: hameau backup {target} --new."},
    Text{code::failed, "La sauvegarde vers {target} a échoué. Voyez : hameau backup. Dernière bonne sauvegarde : {last}.",
         "The backup to {target} failed. See: hameau backup. Last good backup: {last}."},
};

} // namespace

Trouble trouble_in(std::string_view line) {
    const auto columns = split(line, '\t');
    Trouble trouble;
    if (columns.size() == 4) {
        trouble.code = columns[0];
        trouble.address = columns[1];
        std::from_chars(columns[2].data(), columns[2].data() + columns[2].size(), trouble.last_good);
        std::from_chars(columns[3].data(), columns[3].data() + columns[3].size(), trouble.count);
    }
    return trouble;
}

std::string time_text(std::int64_t seconds, bool english) {
    if (seconds == 0) {
        return english ? "never" : "jamais";
    }
    const std::time_t time = seconds;
    std::tm local{};
    ::localtime_r(&time, &local);
    std::array<char, 40> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), english ? "%Y-%m-%d %H:%M" : "%d/%m/%Y, %H:%M", &local);
    return {text.data(), size};
}

std::string sentence_of(std::string_view wanted, std::string_view target, std::int64_t last_good, bool english) {
    const Text* found = &texts.back();
    for (const Text& text : texts) {
        found = text.code == wanted ? &text : found;
    }
    std::string out(english ? found->english : found->french);
    for (const auto& [name, value] : {std::pair{std::string_view("{target}"), std::string(target)}, std::pair{std::string_view("{last}"), time_text(last_good, english)}}) {
        for (std::size_t at = out.find(name); at != std::string::npos; at = out.find(name, at + value.size())) {
            out.replace(at, name.size(), value);
        }
    }
    return out;
}

} // namespace hameau::backup

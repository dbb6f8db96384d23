// What sites says to people, French first: refusals, remarks on an upload, health. For members: no jargon.
#include <array>

#include "modules/sites/sites_module.hpp"

namespace hameau::sites {

namespace {

constexpr std::array texts = {
    // Answers
    CatalogueText{"host_taken", "Cette adresse de site est déjà prise.", "This site address is already taken."},
    CatalogueText{"host_elsewhere", "Cette adresse n'est pas dans un domaine de l'association ({domains}).",
                  "This address is not in one of the association's domains ({domains})."},
    CatalogueText{"host_others", "Cette adresse est dans un domaine d'une autre association.", "This address is in another association's domain."},
    CatalogueText{"host_services", "Cette adresse est réservée à la maison elle-même.",
                  "This address is reserved for the house itself."},
    CatalogueText{"host_reserved", "Cette adresse sert déjà au courrier. Choisissez-en une autre.",
                  "This address already serves mail. Choose another one."},
    CatalogueText{"too_many_sites", "L'association a déjà {limit} sites. C'est la limite.",
                  "The association already has {limit} sites. That is the limit."},
    CatalogueText{"no_site", "Il n'y a pas de site à cette adresse.", "There is no site at this address."},
    CatalogueText{"no_version", "Cette version n'existe pas ou n'est plus gardée. Rien n'a changé.",
                  "This version does not exist or is no longer kept. Nothing has changed."},
    CatalogueText{"nothing_live", "Ce site n'a encore rien en ligne.", "This site has nothing online yet."},
    CatalogueText{"deploy_running", "Une publication est déjà en cours sur ce site. Attendez qu'elle se termine.",
                  "This site is being published already. Wait until that is done."},
    CatalogueText{"version_newer", "Le site a changé depuis que vous l'avez vu : la version {number} est en ligne. Rien n'a été remplacé.",
                  "The site has changed since you saw it: version {number} is online. Nothing was replaced."},
    CatalogueText{"upload_too_large", "Cet envoi est trop lourd. La limite est {limit}. Rien n'a changé.",
                  "This upload is too large. The limit is {limit}. Nothing has changed."},
    CatalogueText{"upload_refused", "Cet envoi ne peut pas être publié. Le site n'a pas changé.",
                  "This upload cannot be published. The site has not changed."},
    CatalogueText{"upload_doubtful", "Les visiteurs ne verraient rien à l'adresse du site. Le site n'a pas changé.",
                  "Visitors would see nothing at the site's address. The site has not changed."},
    CatalogueText{"upload_rules", "Des lignes de _redirects ou de _headers ne conviennent pas : elles seraient sans effet. Le site n'a pas changé.",
                  "Some lines of _redirects or _headers are not right: they would have no effect. The site has not changed."},
    CatalogueText{"version_doubtful", "Cette version ne montre rien à l'adresse du site. Le site n'a pas changé.",
                  "This version shows nothing at the site's address. The site has not changed."},
    CatalogueText{"packers_busy", "Plusieurs téléchargements sont en cours. Réessayez dans une minute.",
                  "Several downloads are being made. Try again in a minute."},
    CatalogueText{"not_in_bin", "Aucun site de ce nom n'est dans la corbeille.", "No site of that name is in the bin."},
    CatalogueText{"host_lost", "{address} n'est plus une adresse de l'association. Le site reste dans la corbeille.",
                  "{address} is no longer an address of the association. The site stays in the bin."},
    CatalogueText{"upload_cut", "L'envoi s'est arrêté en route. Le site n'a pas changé. Recommencez.",
                  "The upload stopped on its way. The site has not changed. Try again."},
    CatalogueText{"unpack_failed", "L'envoi n'a pas pu être ouvert jusqu'au bout. Le site n'a pas changé. Recommencez, ou "
                                   "envoyez moins de fichiers à la fois.",
                  "The upload could not be opened to its end. The site has not changed. Try again, or send fewer files."},
    CatalogueText{"disk", "La publication n'a pas pu être enregistrée. Le site n'a pas changé. Prévenez "
                          "l'administrateur (référence {reference}).",
                  "The publication could not be saved. The site has not changed. Tell the administrator "
                  "(reference {reference})."},
    CatalogueText{"people_away", "Le service des comptes ne répond pas. Rien n'a changé. Réessayez dans un instant.",
                  "The accounts service does not answer. Nothing has changed. Try again in a moment."},
    CatalogueText{"archive_form", "Choisissez « zip » ou « tar.gz ».", "Choose \"zip\" or \"tar.gz\"."},
    CatalogueText{"certificate_later", "Le site est créé. Sa connexion sûre n'est pas encore en place : {reason}",
                  "The site is made. Its secure connection is not in place yet: {reason}"},
    CatalogueText{"health_certificates", "Sites dont la connexion sûre n'est pas encore en place : {count}. Pour {host} : {reason}",
                  "Sites whose secure connection is not in place yet: {count}. For {host}: {reason}"},
    CatalogueText{"served_late", "La version est enregistrée, mais le serveur de pages n'a pas encore répondu. Elle sera en "
                                 "ligne dans un instant ; rechargez la page pour le vérifier.",
                  "The version is kept, but the page server has not answered yet. It will be online in a moment; reload the "
                  "page to check."},
    CatalogueText{"restored", "Ce site était dans la corbeille. Il revient avec ses versions.",
                  "This site was in the bin. It comes back with its versions."},

    // Refusals of an upload
    CatalogueText{"symbolic_link", "{path} : c'est un raccourci (lien symbolique). Mettez le fichier lui-même.",
                  "{path}: this is a symbolic link. Put the file itself."},
    CatalogueText{"hard_link", "{path} : c'est un lien vers un autre fichier. Mettez le fichier lui-même.",
                  "{path}: this is a link to another file. Put the file itself."},
    CatalogueText{"device", "{path} : ce n'est pas un fichier ordinaire.", "{path}: this is not an ordinary file."},
    CatalogueText{"absolute_name", "{path} : le nom commence à la racine du disque.",
                  "{path}: the name begins at the root of the disk."},
    CatalogueText{"parent_name", "{path} : le nom contient « .. ».", "{path}: the name contains \"..\"."},
    CatalogueText{"backslash_name", "{path} : le nom contient une barre inversée.",
                  "{path}: the name contains a backslash."},
    CatalogueText{"name_too_long", "{path} : le nom dépasse 1024 octets.", "{path}: the name is longer than 1024 bytes."},
    CatalogueText{"too_deep", "{path} : plus de 32 dossiers l'un dans l'autre.", "{path}: more than 32 folders deep."},
    CatalogueText{"bad_name", "{path} : le nom est vide ou contient un caractère interdit.",
                  "{path}: the name is empty or contains a forbidden character."},
    CatalogueText{"double_name", "{path} : deux fichiers portent ce nom.", "{path}: two files have this name."},
    CatalogueText{"encrypted_archive", "{path} : l'archive est protégée par un mot de passe.",
                  "{path}: the archive is protected by a password."},
    CatalogueText{"sparse_file", "{path} : ce fichier à trous n'est pas lisible ici. Refaites l'archive sans l'option -S.",
                  "{path}: this sparse file cannot be read here. Make the archive again without the option -S."},
    CatalogueText{"bomb", "L'archive grossit démesurément quand on l'ouvre (plus de 200 fois).",
                  "The archive grows out of all proportion when it is opened (more than 200 times)."},
    CatalogueText{"over_quota", "Les fichiers prennent plus que la place permise.",
                  "The files take more than the space allowed."},
    CatalogueText{"too_many_files", "Il y a plus de 50 000 fichiers.", "There are more than 50,000 files."},
    CatalogueText{"unreadable_archive", "L'archive est abîmée, ou ce n'est ni un ZIP ni un TAR (.tar.gz, .tar.zst). {path}",
                  "The archive is damaged, or it is neither a ZIP nor a TAR (.tar.gz, .tar.zst). {path}"},
    CatalogueText{"empty_archive", "L'archive ne contient aucun fichier à publier.",
                  "The archive contains no file to publish."},
    CatalogueText{"more", "Et {detail} autres remarques.", "And {detail} more remarks."},

    // Warnings about an upload
    CatalogueText{"folder_stripped", "Tout était dans le dossier {path} : son contenu est devenu la racine du site.",
                  "Everything was in the folder {path}: its content became the root of the site."},
    CatalogueText{"junk_ignored", "Les fichiers cachés de macOS ou de Windows n'ont pas été publiés.",
                  "The hidden files of macOS or Windows were not published."},
    CatalogueText{"hidden_ignored", "{path} : ce fichier caché n'a pas été publié.",
                  "{path}: this hidden file was not published."},
    CatalogueText{"name_guessed", "{path} : les accents de ce nom ont été devinés. Vérifiez-le.",
                  "{path}: the accents of this name were guessed. Check it."},
    CatalogueText{"sibling_rejected", "{path} n'est pas la forme compressée de {detail}. Il n'a pas été publié.",
                  "{path} is not the compressed form of {detail}. It was not published."},
    CatalogueText{"not_utf8", "{path} n'est pas en UTF-8. Les accents peuvent mal s'afficher.",
                  "{path} is not in UTF-8. Accents may show wrongly."},
    CatalogueText{"index_missing", "Il n'y a pas de page d'accueil : ajoutez un fichier index.html.",
                  "There is no home page: add a file index.html."},  // in the remarks of versions made before the doubts
    CatalogueText{"index_name", "{path} sert de page d'accueil. Le nom habituel est index.html.",
                  "{path} serves as home page. The usual name is index.html."},

    // Doubts: what would show nothing is published only when that is meant
    CatalogueText{"home_missing", "Il n'y a aucune page : ajoutez un fichier index.html.",
                  "There is no page: add a file index.html."},
    CatalogueText{"home_document", "C'est un document, pas un site. Enregistrez-le en HTML sous le nom index.html.",
                  "This is a document, not a site. Save it as HTML under the name index.html."},
    CatalogueText{"home_program", "{path} est un programme, que la maison n'exécute pas. Il faut une page index.html.",
                  "{path} is a program, which the house does not run. A page index.html is needed."},
    CatalogueText{"home_folder", "La page d'accueil est dans le dossier {path}. Envoyez ce dossier seul.",
                  "The home page is in the folder {path}. Send that folder alone."},
    CatalogueText{"home_name", "Il manque une page d'accueil. Renommez {path} en index.html.",
                  "A home page is missing. Rename {path} to index.html."},
    CatalogueText{"home_unnamed", "Il manque une page d'accueil. Donnez à l'une des pages le nom index.html.",
                  "A home page is missing. Give one of the pages the name index.html."},
    CatalogueText{"home_empty", "{path} est un fichier vide.", "{path} is an empty file."},
    CatalogueText{"home_not_a_page", "{path} n'est pas une page : c'est un autre fichier sous ce nom.",
                  "{path} is not a page: it is another file under that name."},
    CatalogueText{"broken_link", "{path} : le lien vers « {detail} » ne mène nulle part.",
                  "{path}: the link to \"{detail}\" leads nowhere."},
    CatalogueText{"images_without_alt", "{path} : {detail} image(s) sans texte de remplacement (alt).",
                  "{path}: {detail} image(s) without a text alternative (alt)."},
    CatalogueText{"frames_without_title", "{path} : {detail} cadre(s) sans titre.", "{path}: {detail} frame(s) without a title."},
    CatalogueText{"language_missing", "{path} : la langue de la page n'est pas dite (lang=\"fr\").",
                  "{path}: the page does not tell its language (lang=\"en\")."},
    CatalogueText{"title_missing", "{path} : la page n'a pas de titre.", "{path}: the page has no title."},
    CatalogueText{"outside_part", "{path} charge un élément chez {detail}, qui saura qui lit cette page.",
                  "{path} loads a part from {detail}, which will know who reads this page."},

    // Lines of _redirects and _headers
    CatalogueText{"rules_file_large", "{path} dépasse 256 Ko : aucune de ses règles n'est lue.", "{path} is over 256 KB: none of its rules is read."},
    CatalogueText{"rules_line_long", "{path} : ligne trop longue.", "{path}: line too long."},
    CatalogueText{"rules_not_utf8", "{path} : cette ligne n'est pas en UTF-8 : {detail}",
                  "{path}: this line is not in UTF-8: {detail}"},
    CatalogueText{"rules_too_many", "{path} : plus de 1000 règles, celle-ci est de trop : {detail}",
                  "{path}: more than 1000 rules, this one is too many: {detail}"},
    CatalogueText{"redirect_words", "{path} : attendu « /de /vers 301 ». Ligne : {detail}",
                  "{path}: expected \"/from /to 301\". Line: {detail}"},
    CatalogueText{"redirect_from", "{path} : l'adresse de départ ne convient pas (« * » seulement à la fin). "
                                   "Ligne : {detail}",
                  "{path}: the address it starts from is not right (\"*\" at the end only). Line: {detail}"},
    CatalogueText{"redirect_to", "{path} : l'adresse d'arrivée ne convient pas. Ligne : {detail}",
                  "{path}: the address it leads to is not right. Line: {detail}"},
    CatalogueText{"redirect_status", "{path} : code attendu 200, 301, 302, 303, 307, 308, 404 ou 410. "
                                     "Ligne : {detail}",
                  "{path}: expected one of the codes 200, 301, 302, 303, 307, 308, 404, 410. Line: {detail}"},
    CatalogueText{"redirect_proxy", "{path} : montrer la page d'un autre site n'est pas possible. Ligne : {detail}",
                  "{path}: showing a page of another site is not possible. Line: {detail}"},
    CatalogueText{"headers_path", "{path} : le chemin ne convient pas. Ligne : {detail}",
                  "{path}: the path is not right. Line: {detail}"},
    CatalogueText{"headers_no_path", "{path} : cet en-tête ne suit aucun chemin. Ligne : {detail}",
                  "{path}: this header stands behind no path. Line: {detail}"},
    CatalogueText{"headers_colon", "{path} : attendu « Nom: valeur ». Ligne : {detail}",
                  "{path}: expected \"Name: value\". Line: {detail}"},
    CatalogueText{"headers_refused", "{path} : cet en-tête ne peut pas être choisi par un site. Ligne : {detail}",
                  "{path}: a site may not choose this header. Line: {detail}"},
    // Health, for admins.
    CatalogueText{"health_disk", "Il reste moins de 256 Mo sur le disque : publier peut échouer. Supprimez d'anciens fichiers ou "
                                 "agrandissez le disque.",
                  "Less than 256 MB are left on the disk: publishing can fail. Remove old files or enlarge the disk."},
    CatalogueText{"health_publishing", "La dernière publication n'a pas pu être écrite : {error}. Regardez : hameau logs sites.",
                  "The last version could not be written: {error}. Look: hameau logs sites."},
};

} // namespace

const Catalogue sites_catalogue = texts;

} // namespace hameau::sites

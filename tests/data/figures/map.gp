set terminal svg size 567,412 fixed enhanced font 'Helvetica,13.3' background '#ffffff'
set encoding utf8
set multiplot
reset
set margins screen 0.09313, screen 0.84149, screen 0.25002, screen 0.97735
set border 3 linecolor rgb '#555555' linewidth 0.7
set tics nomirror out scale 0.5,0.25 textcolor rgb '#222222'
unset key
set label 2 'noise.strength' at screen 0.46731,0.15133 center noenhanced textcolor rgb '#222222'
set label 3 'task.train_samples' at screen 0.01999,0.61368 center rotate by 90 noenhanced textcolor rgb '#222222'
set logscale x
set xrange [0.0070711:0.45255]
set xtics ('0.01' 0.01, '0.02' 0.02, '0.04' 0.04, '0.08' 0.08, '0.16' 0.16, '0.32' 0.32) noenhanced
set yrange [5:65]
set ytics ('10' 10, '20' 20, '30' 30, '40' 40, '50' 50, '60' 60) noenhanced
set palette defined (0 '#440154', 0.25 '#3b528b', 0.5 '#21918c', 0.75 '#5ec962', 1 '#fde725')
set cbrange [0:1]
set colorbox user origin screen 0.85949,0.25002 size screen 0.02,0.72734 noborder
set cbtics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1) noenhanced
set cblabel 'gap_live_layer1' noenhanced textcolor rgb '#222222'
set label 101 'one network a point' at screen 0.01881,0.09552 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 102 'left out: 1 diverged network' at screen 0.01881,0.0597 left noenhanced textcolor rgb '#555555' font ',10.9'
set label 103 'gray: no value' at screen 0.01881,0.02388 left noenhanced textcolor rgb '#555555' font ',10.9'
$missing1_1 << EOD
0.33941 30 0.22627 0.45255 25 35
EOD
$map1_1 << EOD
0.010607 10 0.0070711 0.014142 5 15 0.03
0.021213 10 0.014142 0.028284 5 15 0.06
0.042426 10 0.028284 0.056569 5 15 0.12
0.084853 10 0.056569 0.11314 5 15 0.24
0.16971 10 0.11314 0.22627 5 15 0.48
0.33941 10 0.22627 0.45255 5 15 0.96
0.010607 20 0.0070711 0.014142 15 25 0.03
0.021213 20 0.014142 0.028284 15 25 0.06
0.042426 20 0.028284 0.056569 15 25 0.12
0.084853 20 0.056569 0.11314 15 25 0.24
0.16971 20 0.11314 0.22627 15 25 0.48
0.33941 20 0.22627 0.45255 15 25 0.96
0.010607 30 0.0070711 0.014142 25 35 0.03
0.021213 30 0.014142 0.028284 25 35 0.06
0.042426 30 0.028284 0.056569 25 35 0.12
0.084853 30 0.056569 0.11314 25 35 0.24
0.16971 30 0.11314 0.22627 25 35 0.48
0.010607 40 0.0070711 0.014142 35 45 0.03
0.021213 40 0.014142 0.028284 35 45 0.06
0.042426 40 0.028284 0.056569 35 45 0.12
0.084853 40 0.056569 0.11314 35 45 0.24
0.16971 40 0.11314 0.22627 35 45 0.48
0.33941 40 0.22627 0.45255 35 45 0.96
0.010607 50 0.0070711 0.014142 45 55 0.03
0.021213 50 0.014142 0.028284 45 55 0.06
0.042426 50 0.028284 0.056569 45 55 0.12
0.084853 50 0.056569 0.11314 45 55 0.24
0.16971 50 0.11314 0.22627 45 55 0.48
0.33941 50 0.22627 0.45255 45 55 0.96
0.010607 60 0.0070711 0.014142 55 65 0.03
0.021213 60 0.014142 0.028284 55 65 0.06
0.042426 60 0.028284 0.056569 55 65 0.12
0.084853 60 0.056569 0.11314 55 65 0.24
0.16971 60 0.11314 0.22627 55 65 0.48
0.33941 60 0.22627 0.45255 55 65 0.96
EOD
plot $missing1_1 using 1:2:3:4:5:6 with boxxyerror linecolor rgb '#dddddd' fillstyle solid 1 noborder, \
     $map1_1 using 1:2:3:4:5:6:7 with boxxyerror linecolor palette fillstyle solid 1 border
unset multiplot
